#version 300 es
// Density as contours: steps with soft edges over a slope, each lower one fainter.
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
  float step_ = floor(level) + smoothstep(1.0 - min(edge * 1.5, 1.0), 1.0, fract(level));
  float alpha = u_opacity * mix(ground.a, step_ / u_steps, 0.7) * smoothstep(0.0, 0.12, ground.a);
  fragment = vec4(ground.rgb * alpha, alpha); // premultiplied
}
