#version 300 es
// A rectangle of the world below all points, two triangles as a strip. Called by gl/renderer.ts.
precision highp float;

uniform mat4 u_view_projection;
uniform vec4 u_box; // x and y of two opposite corners, world units

out vec2 v_at; // 0 .. 1

void main() {
  v_at = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
  gl_Position = u_view_projection * vec4(mix(u_box.xy, u_box.zw, v_at), 0.0, 1.0);
}
