#version 300 es
// A disc with a soft rim. Whole on a flat map; 3-D draws CORE with depth first, then blends each RIM over the cores,
// because a blended rim must not write depth.
precision highp float;

flat in vec4 v_colour;
flat in float v_diameter_px;

uniform float u_glow; // what lies below shines through as if a point covered so much less: crowds grow brighter, each point does not

out vec4 fragment;

void main() {
  float from_centre_px = length(gl_PointCoord - 0.5) * (v_diameter_px + 1.0);
  float coverage = clamp(v_diameter_px * 0.5 + 0.5 - from_centre_px, 0.0, 1.0);
  if (coverage <= 0.0) discard;
#ifdef CORE
  if (coverage < 1.0) discard;
#endif
#ifdef RIM
  if (coverage >= 1.0) discard;
#endif
  float alpha = v_colour.a * coverage;
  fragment = vec4(v_colour.rgb * alpha, alpha * (1.0 - u_glow)); // premultiplied
}
