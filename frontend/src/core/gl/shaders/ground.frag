#version 300 es
// Density as contours: soft steps over a slope, each lower one fainter, and a thin line along each of them.
precision highp float;

in vec2 v_at;

uniform sampler2D u_ground; // mean colour, density
uniform float u_opacity;    // of the highest
uniform float u_steps;

out vec4 fragment;

void main() {
  vec4 ground = texture(u_ground, v_at);
  float level = ground.a * u_steps;
  float edge = max(fwidth(level), 1e-4);
  float step_ = floor(level) + smoothstep(1.0 - min(edge * 2.0, 1.0), 1.0, fract(level));
  float there = smoothstep(0.0, 0.1, ground.a);
  float slope = mix(ground.a, step_ / u_steps, 0.45);
  // Where steps are as narrow as lines, lines would be all there is.
  float line = (1.0 - smoothstep(0.0, 1.2, abs(fract(level + 0.5) - 0.5) / edge)) * (1.0 - smoothstep(0.15, 0.4, edge));
  float alpha = u_opacity * there * clamp(slope * slope * 0.4 + slope * 0.6 + line * 0.34, 0.0, 1.0);
  fragment = vec4(ground.rgb * alpha, alpha); // premultiplied
}
