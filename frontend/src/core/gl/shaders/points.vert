#version 300 es
// One point per row, for drawing (points.frag, ring.frag) and for picking (pick.frag). Called by gl/renderer.ts and
// gl/picker.ts. position_a, position_b: u16 normalised to 0..1, each with its own scale and offset into world space
// ([-1, 1]); w is 1 where the row is not on that map at all, and fades it in or out on the way. look: palette slot, size 0..255, state bits and weight (see gl/look.ts).
// RING: highlighted rows, drawn again with a ring. PICK: ids instead of colours.
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
uniform float u_weight_px;      // what the weight of a profile adds to its ring
uniform float u_opacity;        // of rows that are not highlighted
uniform float u_out_opacity;    // of rows that the filter leaves out
uniform float u_spatial;        // 0 = flat, 1 = 3-D
uniform sampler2D u_palette;    // 256 x 1

const uint POINTED = 3u;        // hover | selected
const uint PROFILE = 96u;       // mine | theirs
const uint OUT = 128u;

#ifdef PICK
flat out uint v_row;
#else
flat out vec4 v_colour; // a point has one colour, and software renderers take time to interpolate it
#endif
#ifdef RING
flat out uint v_state;
flat out float v_weight;
#endif
flat out float v_diameter_px;

void main() {
  uint state = look.b;
  bool left_out = (state & OUT) != 0u;
  float absent = mix(position_a.w, position_b.w, u_mix);
#if defined(PICK)
  if (left_out || absent > 0.5) {
#elif defined(RING)
  if ((left_out && (state & POINTED) == 0u) || absent > 0.5) {
#else
  if (absent >= 1.0) {
#endif
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 0.0;
    return;
  }

  vec3 place = position_b.xyz * u_scale_b + u_offset_b;
  if (u_mix < 1.0) place = mix(position_a.xyz * u_scale_a + u_offset_a, place, u_mix);
  vec4 clip = u_view_projection * vec4(place, 1.0);
  gl_Position = clip;

  float nearness = clamp(u_distance / max(clip.w, 1e-4), 0.35, 2.5);
  float size = float(look.g) / 255.0;
  float grow_px = u_grow_px;
#ifdef RING
  v_state = state;
  v_weight = float(look.a) / 255.0;
  if ((state & PROFILE) != 0u) grow_px += v_weight * u_weight_px;
#endif
  v_diameter_px = mix(u_size_px.x, u_size_px.y, size) * nearness + grow_px;
  gl_PointSize = v_diameter_px + 1.0; // one px for the soft rim

#ifdef PICK
  v_row = uint(gl_VertexID);
#else
  v_colour = texelFetch(u_palette, ivec2(int(look.r), 0), 0);
  v_colour.a *= 1.0 - absent;
  v_colour.a *= left_out ? u_out_opacity : state == 0u ? u_opacity : 1.0;
  v_colour.a *= mix(1.0, clamp(nearness * 1.15, 0.45, 1.0), u_spatial); // far points recede
#endif
}
