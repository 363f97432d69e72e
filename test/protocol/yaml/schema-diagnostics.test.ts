import t from 'tap'
import { z } from 'zod'
import { describeIssues } from '../../../src/protocol/yaml/schema-diagnostics.ts'
import { readYaml } from '../../../src/protocol/yaml/yaml-document.ts'

const SCHEMA = z.strictObject({
  mode: z.enum(['enforce', 'audit']),
  names: z.array(z.string()).min(1),
  level: z.int().min(1).max(3),
  ref: z.union([z.string(), z.strictObject({ tag: z.string() })]),
  why: z.string({ error: ({ input }) => (input === undefined ? 'is missing: somebody will ask' : undefined) }),
})
const GOOD = ['mode: enforce', 'names: [a]', 'level: 2', 'ref: x', 'why: so']

/** What is said of the good document with one line changed, `line:column message` each. */
function said(line: number, text: string | undefined): readonly string[] {
  const lines = GOOD.flatMap((good, index) => (index + 1 === line ? (text ?? []) : good))
  const document = readYaml({ path: 'p.yaml', text: lines.join('\n') })
  if ('diagnostics' in document) throw new TypeError('it is YAML')
  const { error } = SCHEMA.safeParse(document.value)
  return describeIssues(error?.issues ?? [], document, SCHEMA).map(it => `${it.line}:${it.column} ${it.message}`)
}

t.test('what a schema has against a document is said in a person’s words, at its place', async t => {
  for (const [line, text, ...expected] of [
    [1, 'mode: enforced', '1:7 must be one of enforce, audit; found "enforced" (did you mean "enforce"?)'],
    [1, undefined, '1:1 "mode" is missing'],
    [2, 'names: a', '2:8 must be a list, found "a"; write [a]'],
    [2, 'names: []', '2:8 must not be empty'],
    [2, 'names: [1.0]', '2:9 must be text, found 1; write it in quotes: "1.0"'],
    [3, 'level: 4', '3:8 must be at most 3; found 4'],
    [3, 'level: 0', '3:8 must be at least 1'],
    [3, 'levels: 2', '1:1 "level" is missing', '3:1 unknown key "levels" (did you mean "level"?)'],
    [4, 'ref: { tags: x }', '4:6 "tag" is missing', '4:8 unknown key "tags" (did you mean "tag"?)'],
    [4, 'ref: 3', '4:6 must be text or a mapping, found 3; write it in quotes: "3"'],
    [5, undefined, '1:1 "why" is missing: somebody will ask'],
    [5, 'why: 7', '5:6 must be text, found 7; write it in quotes: "7"'],
  ] as const)
    t.strictSame(said(line, text).toSorted(), [...expected].toSorted(), String(text))
})

t.test('of a document that fits nothing is said', async t => t.strictSame(said(1, GOOD[0]), []))
