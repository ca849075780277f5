"use strict";

const video = document.getElementById("video");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const errors = [];

function ranges(buffer) {
  const found = Array.from({ length: buffer.buffered.length }, (_, at) => at);
  return found.map((at) => `${buffer.buffered.start(at)}-${buffer.buffered.end(at)}`).join(" ");
}

async function until(what, condition, seconds = 20) {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    if (video.error) throw new Error(`${what}: ${video.error.message}`);
    if (condition()) return;
    await pause(20);
  }
  const held = buffers.map(({ type, buffer }) => `${type.split(";")[0]} ${ranges(buffer)}`).join(", ");
  const rate = video.paused ? "paused" : `rate ${video.playbackRate}`;
  const state = `at ${video.currentTime}, ready ${video.readyState}, ${rate}, ${held}`;
  throw new Error(`${what}: not within ${seconds} s (${state}) ${errors.join(" ")}`);
}

function startHls(url) {
  const player = new Hls({ enableWorker: false });
  // What hls.js mends by itself (a slow answer asked for again) is no error of the media.
  player.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) errors.push(`${data.type} ${data.details}`); });
  player.loadSource(url);
  player.attachMedia(video);
  return {
    rungs: () => player.levels.map((level) => level.height),
    choose: (height) => { player.currentLevel = player.levels.findIndex((level) => level.height === height); },
    sounds: () => player.audioTracks.length,
  };
}

function startDash(url) {
  const player = dashjs.MediaPlayer().create();
  player.on(dashjs.MediaPlayer.events.ERROR, (event) => errors.push(JSON.stringify(event.error)));
  player.initialize(video, url, false);
  const fast = { abr: { autoSwitchBitrate: { video: false } }, buffer: { fastSwitchEnabled: true } };
  // On a loaded machine dash.js at times takes a seek for one to the end, as the video has ended when it looks, and
  // goes back by half a second, where the video stays: so not back. Gaps it may not hide: ours has none.
  const strict = { seekDurationBackoff: 0, gaps: { jumpGaps: false } };
  player.updateSettings({ streaming: { ...fast, ...strict } });
  return {
    rungs: () => player.getRepresentationsByType("video").map((one) => one.height),
    choose: (height) => {
      const wanted = player.getRepresentationsByType("video").find((one) => one.height === height);
      player.setRepresentationForTypeById("video", wanted.id, true);
    },
    sounds: () => player.getTracksFor("audio").length,
  };
}

async function seek(seconds) {
  video.currentTime = seconds;
  await until(`seek to ${seconds}`, () => !video.seeking && video.readyState >= 2);
}

async function play(kind, url) {
  const player = kind === "hls" ? startHls(url) : startDash(url);
  await until("metadata", () => video.readyState >= 1);
  await until("buffers", () => buffers.length > 0 && buffers.every((one) => one.buffer.buffered.length > 0));
  const starts = buffers.map((one) => ({ type: one.type, start: one.buffer.buffered.start(0) }));
  const rungs = [...new Set(player.rungs())];
  await video.play();
  await until("playing", () => video.currentTime > 0.3);
  const shown = [];
  for (const height of [Math.min(...rungs), Math.max(...rungs)]) {
    player.choose(height);
    await until(`rung ${height}`, () => video.videoHeight === height);
    shown.push(video.videoHeight);
    await seek(video.currentTime > 1 ? 0.5 : 1.5);
  }
  const target = video.duration * 0.7;
  await seek(target);
  const reached = video.currentTime;
  await video.play();
  await until("the end", () => video.ended, 60);
  const quality = video.getVideoPlaybackQuality();
  return {
    duration: video.duration, starts, rungs, shown, sounds: player.sounds(), target, reached,
    frames: quality.totalVideoFrames, corrupted: quality.corruptedVideoFrames, errors,
  };
}

async function scrub(directory) {
  const track = document.createElement("track");
  Object.assign(track, { kind: "metadata", src: `${directory}/scrub.vtt`, default: true });
  const holder = document.createElement("video");
  holder.append(track);
  track.track.mode = "hidden";
  await until("scrub track", () => track.readyState === 2);
  const cues = [...track.track.cues].map((cue) => ({ start: cue.startTime, end: cue.endTime, text: cue.text }));
  const sheet = new Image();
  sheet.src = `${directory}/${cues[0].text.split("#")[0]}`;
  await sheet.decode();
  return { cues, width: sheet.naturalWidth, height: sheet.naturalHeight };
}
