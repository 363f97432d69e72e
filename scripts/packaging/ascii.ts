import { parseSync, Visitor } from 'rolldown/utils'

/**
 * The same program with an escape in place of every character beyond ASCII: one typographic apostrophe in a module, and V8 holds its whole text
 * with two bytes for each character. Throws where an escape would mean something else.
 */
export function asAscii(name: string, code: string): string {
  const escaped = code.replaceAll(/[\u0080-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  if (escaped === code) return code
  const [before, after] = [meaningOf(name, code), meaningOf(name, escaped)]
  const changed = before.find((text, at) => text !== after[at])
  if (before.length !== after.length || changed !== undefined)
    throw new Error(`${name} has a character beyond ASCII where an escape is no substitute: ${changed}`)
  return escaped
}

/** Tags that take texts as they are meant (`http/people/`). */
const COOKED = new Set(['html'])

/** Every text of a program, in its order; a regular expression’s as what it matches. */
function meaningOf(name: string, code: string): readonly string[] {
  const texts: string[] = []
  const { program, errors } = parseSync(`${name}.js`, code, { sourceType: 'module' })
  if (errors.length > 0) throw new Error(`${name} is no module: ${errors[0]?.message}`)
  const visitor = new Visitor({
    Literal(literal) {
      if ('regex' in literal) texts.push(unescaped(literal.regex.pattern))
      else if (typeof literal.value === 'string') texts.push(literal.value)
    },
    Identifier({ name: written }) {
      texts.push(written)
    },
    TemplateElement({ value }) {
      texts.push(value.cooked ?? value.raw)
    },
    // a tag that we do not know may ask for what is written, an escape among it
    TaggedTemplateExpression({ tag, quasi }) {
      if (tag.type === 'Identifier' && COOKED.has(tag.name)) return
      for (const { value } of quasi.quasis) texts.push(value.raw)
    },
  })
  visitor.visit(program)
  return texts
}

function unescaped(pattern: string): string {
  return pattern.replaceAll(/\\(?:u([0-9a-f]{4})|.)/g, (written, hex?: string) =>
    hex === undefined ? written : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
