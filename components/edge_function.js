// Lets whoever holds a link read the files of one job, and nothing else: /t/TOKEN/FILE becomes PREFIX/FILE.
// CloudFront Functions, JavaScript runtime 2.0, viewer request. Nothing of an address is logged.
//
// A token is VERSION.KEY.END.CLIENT.VIDEO.JOB.LINK.PREFIX.MAC; in PREFIX, "~" stands for "/". The key value
// store holds "key.KEY" and, for what is refused, "client.CLIENT", "video.VIDEO", "job.JOB" and "link.LINK".
import cf from 'cloudfront';
const crypto = require('crypto');

const store = cf.kvs();
const ORIGINS = [/* CORS_ORIGINS */];
const ADDRESS = /^\/t\/([A-Za-z0-9_.~-]{1,1000})\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})$/;
const FILE = /\.(m3u8|mpd|mp4|vtt|jpg)$/;
const TOKEN = /^1\.([A-Za-z0-9_-]{1,32})\.([0-9]{1,12})\.([0-9a-f]{32})\.([0-9a-f]{32})\.([0-9a-f]{32})\.([0-9a-f]{32})?\.(videos~[0-9a-f-]{36}~[0-9a-f-]{36}~[0-9]{1,9}~)\.([A-Za-z0-9_-]{43})$/;
const KINDS = ['client', 'video', 'job', 'link'];

async function handler(event) {
    const request = event.request;
    if (request.method === 'OPTIONS') {
        return preflight(request);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
        return refusal(request, 'LINK_INVALID', 'a link is read with GET or HEAD');
    }
    const address = ADDRESS.exec(request.uri);
    const token = address && FILE.test(address[2]) && TOKEN.exec(address[1]);
    if (!token || !(await isGenuine(address[1], token))) {
        return refusal(request, 'LINK_INVALID', 'the link was not made here for this file');
    }
    if (Number(token[2]) * 1000 <= Date.now()) {
        return refusal(request, 'LINK_EXPIRED', 'the link has ended; read the playback of the video again');
    }
    if (await isRevoked(token)) {
        return refusal(request, 'LINK_REVOKED', 'the link was ended before its time');
    }
    request.uri = '/' + token[7].replace(/~/g, '/') + address[2];
    request.querystring = {};
    request.cookies = {};
    delete request.headers.referer;
    return request;
}

async function isGenuine(text, token) {
    let key;
    try {
        key = await store.get('key.' + token[1]);
    } catch (error) {
        return false;
    }
    const signed = text.slice(0, text.length - token[8].length - 1);
    return isEqual(crypto.createHmac('sha256', key).update(signed).digest('base64url'), token[8]);
}

// Takes as long for every wrong text, so that the time tells nothing of the right one.
function isEqual(right, given) {
    let difference = right.length ^ given.length;
    for (let place = 0; place < right.length; place++) {
        difference |= right.charCodeAt(place) ^ given.charCodeAt(place);
    }
    return difference === 0;
}

async function isRevoked(token) {
    for (let place = 0; place < KINDS.length; place++) {
        const id = token[place + 3];
        const name = KINDS[place] + '.' + id;
        if (id && (await store.exists(name)) && (await store.get(name)).startsWith('deny')) {
            return true;
        }
    }
    return false;
}

function preflight(request) {
    const headers = common(request);
    headers['access-control-allow-methods'] = { value: 'GET, HEAD' };
    headers['access-control-allow-headers'] = { value: 'range' };
    headers['access-control-max-age'] = { value: '3600' };
    return { statusCode: 204, statusDescription: 'No Content', headers: headers };
}

function refusal(request, code, detail) {
    const headers = common(request);
    headers['content-type'] = { value: 'application/problem+json' };
    headers['cache-control'] = { value: 'no-store' };
    const problem = { type: 'about:blank', title: 'Forbidden', status: 403, code: code, detail: detail };
    const body = JSON.stringify(problem);
    return { statusCode: 403, statusDescription: 'Forbidden', headers: headers, body: body };
}

function common(request) {
    const headers = {
        'content-security-policy': { value: "sandbox; default-src 'none'" },
        'cross-origin-resource-policy': { value: 'cross-origin' },
        'vary': { value: 'origin' },
        'x-content-type-options': { value: 'nosniff' },
    };
    const origin = request.headers.origin && request.headers.origin.value;
    if (origin && ORIGINS.indexOf(origin) >= 0) {
        headers['access-control-allow-origin'] = { value: origin };
    }
    return headers;
}
