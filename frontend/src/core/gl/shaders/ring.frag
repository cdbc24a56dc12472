#version 300 es
// A highlighted disc and its ring: the selected one, those of a profile (wider with their weight; one half each where both
// profiles have it), and all others.
precision highp float;

flat in vec4 v_colour;
flat in uint v_state;
flat in float v_weight;
flat in float v_diameter_px;

uniform vec4 u_ring, u_ring_selected, u_ring_mine, u_ring_theirs;
uniform float u_ring_px; // width per device pixel ratio

out vec4 fragment;

void main() {
  float radius_px = v_diameter_px * 0.5;
  float from_centre_px = length(gl_PointCoord - 0.5) * (v_diameter_px + 1.0);
  float coverage = clamp(radius_px + 0.5 - from_centre_px, 0.0, 1.0);
  if (coverage <= 0.0) discard;

  bool mine = (v_state & 32u) != 0u;
  bool theirs = (v_state & 64u) != 0u;
  vec4 ring = u_ring;
  float ring_px = u_ring_px;
  if ((v_state & 2u) != 0u) {
    ring = u_ring_selected;
    ring_px *= 1.5;
  } else if (mine || theirs) {
    ring = mine && (!theirs || gl_PointCoord.x < 0.5) ? u_ring_mine : u_ring_theirs;
    ring_px *= 1.0 + v_weight;
  }
  float in_ring = clamp(from_centre_px - (radius_px - ring_px) + 0.5, 0.0, 1.0);
  fragment = vec4(mix(v_colour.rgb, ring.rgb, in_ring) * coverage, coverage); // premultiplied
}
