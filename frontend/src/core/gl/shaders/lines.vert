#version 300 es
// Lines from the selected point to its neighbours and between related entities of a profile: one instance per line, four corners each. Called by gl/renderer.ts.
// Ends are given in both projections, in world units, so that lines travel with a morph. style: strength, LINE (0 plain, 1 dashed, 2 profile).
precision highp float;

layout(location = 0) in vec3 start_a;
layout(location = 1) in vec3 start_b;
layout(location = 2) in vec3 end_a;
layout(location = 3) in vec3 end_b;
layout(location = 4) in vec2 style;

uniform mat4 u_view_projection;
uniform float u_mix;
uniform vec2 u_viewport_px;
uniform float u_width_px;

out float v_along_px;
out float v_across; // -1 .. 1
flat out vec2 v_style;

void main() {
  vec4 p = u_view_projection * vec4(mix(start_a, start_b, u_mix), 1.0);
  vec4 q = u_view_projection * vec4(mix(end_a, end_b, u_mix), 1.0);
  vec2 p_px = p.xy / max(p.w, 1e-4) * 0.5 * u_viewport_px;
  vec2 q_px = q.xy / max(q.w, 1e-4) * 0.5 * u_viewport_px;
  vec2 way = q_px - p_px;
  float length_px = max(length(way), 1e-3);
  vec2 normal = vec2(-way.y, way.x) / length_px;

  bool at_end = gl_VertexID >= 2;
  float side = (gl_VertexID & 1) == 0 ? -1.0 : 1.0;
  vec4 clip = at_end ? q : p;
  float half_width = (u_width_px * (0.6 + 0.8 * style.x) + 1.0) * 0.5;
  clip.xy += normal * side * half_width * 2.0 / u_viewport_px * clip.w;
  gl_Position = clip;
  v_along_px = at_end ? length_px : 0.0;
  v_across = side;
  v_style = style;
}
