#version 300 es
// A soft line; dashed where the neighbour lies far away on this map, of another colour between entities of a profile.
precision highp float;

in float v_along_px;
in float v_across;
flat in vec2 v_style;

uniform vec4 u_colour, u_pair_colour;
uniform float u_dash_px;

out vec4 fragment;

void main() {
  vec4 colour = v_style.y > 1.5 ? u_pair_colour : u_colour;
  float alpha = colour.a * (0.35 + 0.65 * v_style.x) * smoothstep(1.0, 0.35, abs(v_across));
  if (v_style.y > 0.5 && v_style.y < 1.5) alpha *= smoothstep(0.45, 0.55, abs(fract(v_along_px / u_dash_px) - 0.5) * 2.0) * 0.9;
  fragment = vec4(colour.rgb * alpha, alpha);
}
