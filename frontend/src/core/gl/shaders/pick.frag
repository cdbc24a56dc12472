#version 300 es
// Row + 1 as four bytes; 0 = no point. Read by gl/picker.ts.
precision highp float;

flat in uint v_row;
flat in float v_diameter_px;

out vec4 fragment;

void main() {
  if (length(gl_PointCoord - 0.5) * (v_diameter_px + 1.0) > v_diameter_px * 0.5 + 0.5) discard;
  uint id = v_row + 1u;
  fragment = vec4(uvec4(id, id >> 8u, id >> 16u, id >> 24u) & 255u) / 255.0;
}
