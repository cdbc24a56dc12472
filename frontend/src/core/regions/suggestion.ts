/** A name that a visitor suggests, as a line of the atlas's regions.yaml. */
const MOST = 8

/** `members`: names of its entities, the best known first; `size`: how many there are. JSON is YAML. */
export function suggestionLine(name: string, members: readonly string[], size: number): string {
  const listed = members.slice(0, MOST).map((member) => JSON.stringify(member))
  return `- {name: ${JSON.stringify(name.trim())}, members: [${listed.join(', ')}], size: ${size}}`
}
