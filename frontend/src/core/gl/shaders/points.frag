#version 300 es
// A disc with a soft rim. u_part: 0 = whole disc (flat map); 1 = opaque core; 2 = rim (3-D draws cores with depth first,
// then blends the rims over them, because a blended rim must not write depth).
precision highp float;

in vec4 v_colour;
flat in uint v_state;
flat in uint v_row;
flat in float v_diameter_px;

uniform int u_part;
uniform float u_opacity;
uniform vec4 u_ring;          // highlights: ring colour; alpha 0 = no ring
uniform vec4 u_ring_selected;

out vec4 fragment;

void main() {
  float radius_px = v_diameter_px * 0.5;
  float from_centre_px = length(gl_PointCoord - 0.5) * (v_diameter_px + 1.0);
  float coverage = clamp(radius_px + 0.5 - from_centre_px, 0.0, 1.0);
  if (coverage <= 0.0) discard;
  if (u_part == 1 && coverage < 1.0) discard;
  if (u_part == 2 && coverage >= 1.0) discard;

  vec4 colour = vec4(v_colour.rgb, v_colour.a * u_opacity);
  if (u_ring.a > 0.0) {
    bool selected = (v_state & 2u) != 0u;
    vec4 ring = selected ? u_ring_selected : u_ring;
    float ring_px = selected ? 3.0 : 2.0;
    float in_ring = clamp(from_centre_px - (radius_px - ring_px) + 0.5, 0.0, 1.0);
    colour = vec4(mix(v_colour.rgb, ring.rgb, in_ring), 1.0);
  }
  colour.a *= coverage;
  fragment = vec4(colour.rgb * colour.a, colour.a); // premultiplied
}
