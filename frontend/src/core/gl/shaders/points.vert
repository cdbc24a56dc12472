#version 300 es
// One point per row, for drawing (points.frag) and for picking (pick.frag). Called by gl/renderer.ts and gl/picker.ts.
// position_a, position_b: u16 normalised to 0..1, each with its own scale and offset into world space ([-1, 1]).
// look: palette slot, size 0..255, state bits (see gl/look.ts), unused.
precision highp float;

layout(location = 0) in vec4 position_a;
layout(location = 1) in vec4 position_b;
layout(location = 2) in uvec4 look;

uniform mat4 u_view_projection;
uniform vec3 u_scale_a, u_offset_a, u_scale_b, u_offset_b;
uniform float u_mix;            // 0 = a, 1 = b
uniform float u_distance;       // camera to target, world units
uniform vec2 u_size_px;         // diameters at size 0 and size 255, device px
uniform float u_grow_px;        // picking and highlights are larger than the point
uniform float u_dim;            // opacity of rows that are not highlighted while something is
uniform float u_spatial;        // 0 = flat, 1 = 3-D
uniform sampler2D u_palette;    // 256 x 1

out vec4 v_colour;
flat out uint v_state;
flat out uint v_row;
flat out float v_diameter_px;

void main() {
  vec3 a = position_a.xyz * u_scale_a + u_offset_a;
  vec3 b = position_b.xyz * u_scale_b + u_offset_b;
  vec4 clip = u_view_projection * vec4(mix(a, b, u_mix), 1.0);
  gl_Position = clip;

  float nearness = clamp(u_distance / max(clip.w, 1e-4), 0.35, 2.5);
  float size = float(look.g) / 255.0;
  v_diameter_px = mix(u_size_px.x, u_size_px.y, size) * nearness + u_grow_px;
  gl_PointSize = v_diameter_px + 1.0; // one px for the soft rim

  v_state = look.b;
  v_row = uint(gl_VertexID);
  v_colour = texelFetch(u_palette, ivec2(int(look.r), 0), 0);
  if (look.b == 0u) v_colour.a *= u_dim;
  v_colour.a *= mix(1.0, clamp(nearness * 1.15, 0.45, 1.0), u_spatial); // far points recede
}
