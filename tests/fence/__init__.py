"""The probe: what a stranger's code would try from inside a media tool, in every surrounding of the fence."""
