/** What is written into a policy: text, lists and mappings. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | { readonly [key: string]: YamlValue }

/** Longer values stand in lines of their own. */
const LINE = 100

/** In one line, as `{ a: b }` and `[a, b]` are: in block and in flow style alike. */
export function flowText(value: YamlValue): string {
  if (typeof value === 'string') return scalarText(value)
  if (typeof value !== 'object') return String(value)
  if (isList(value)) return `[${value.map(flowText).join(', ')}]`
  const pairs = Object.entries(value).map(([key, own]) => `${scalarText(key)}: ${flowText(own)}`)
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}

/** Lines of a mapping in block style, as they stand at the left margin. */
export function blockLines(mapping: Readonly<Record<string, YamlValue>>): readonly string[] {
  return Object.entries(mapping).flatMap(([key, value]) => {
    const line = `${scalarText(key)}: ${flowText(value)}`
    const nested = line.length > LINE && typeof value === 'object' ? nestedLines(value) : []
    return nested.length === 0 ? [line] : [`${scalarText(key)}:`, ...nested.map(text => `  ${text}`)]
  })
}

/** Lines of one item of a list in block style: `- ` and what stands below it. */
export function itemLines(value: YamlValue): readonly string[] {
  const lines = typeof value === 'object' && !isList(value) ? blockLines(value) : [flowText(value)]
  return lines.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`)
}

function nestedLines(value: Exclude<YamlValue, string | number | boolean>): readonly string[] {
  return isList(value) ? value.flatMap(itemLines) : blockLines(value)
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value)
}

/** Plain where nothing else can be read into it, in either style; double-quoted (JSON is YAML) otherwise. */
export function scalarText(text: string): string {
  const plain =
    /^\d{4}-\d{2}-\d{2}$/.test(text) ||
    (/^(?:\.\/|\.(?=[a-z]))?[A-Za-z_][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*$/.test(text) &&
      !/^(?:true|false|null|\.nan|\.inf)$/i.test(text))
  return plain ? text : JSON.stringify(text)
}
