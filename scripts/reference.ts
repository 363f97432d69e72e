import { tmpdir } from 'node:os'
import { z } from 'zod'
import { LIMITS } from '../src/domain/base/limits.ts'
import { metricFamilies } from '../src/observe/metric-families.ts'
import { markdownTable } from '../src/protocol/answers/markdown-table.ts'
import type { Operation } from '../src/protocol/api/operation.ts'
import { OPERATIONS } from '../src/protocol/api/operations.ts'
import { policyJsonSchema } from '../src/protocol/clauses/schema.ts'
import { runCommand } from '../test/world/commands/commands.ts'

/** What `--help` says of every command, in the order in which `portcullis --help` names them. */
export async function commandsText(): Promise<string> {
  const sections: string[] = []
  for (const { path, help } of await commands([]))
    sections.push(`## portcullis ${path.join(' ')}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\``)
  return sections.join('\n\n')
}

interface CommandHelp {
  readonly path: readonly string[]
  readonly help: string
}

/** Every command that does something: a group is what it groups. */
async function commands(path: readonly string[]): Promise<readonly CommandHelp[]> {
  const { out: help } = await runCommand([...path, '--help'], { folder: tmpdir() })
  const names = commandNames(help)
  if (names.length === 0) return [{ path, help }]
  const below: CommandHelp[] = []
  for (const name of names) below.push(...(await commands([...path, ...name])))
  return below
}

/** What stands under "Commands:"; a group of one stands there with its only command. */
export function commandNames(help: string): readonly (readonly string[])[] {
  const [, listed = ''] = /^Commands:\n((?: {2}.*\n)+)/m.exec(help) ?? []
  return [...listed.matchAll(/^ {2}([a-z-]+)(?: ([a-z-]+))? /gm)]
    .map(([, name = '', only]) => (only === undefined ? [name] : [name, only]))
    .filter(([name]) => name !== 'help')
}

/** `a body {files: [{name, text}], pins?}`: what it has, and a question mark where that may be left out. */
function bodyOf(body: z.ZodType | undefined): readonly string[] {
  return body === undefined ? [] : [`a body \`${shapeOf(body)}\``]
}

function shapeOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodArray) return `[${shapeOf(schema.element)}]`.replace('[]', '[…]')
  if (!(schema instanceof z.ZodObject)) return ''
  const members = Object.entries(schema.shape).map(([name, member]) => {
    const mayLack = member instanceof z.ZodOptional || member instanceof z.ZodDefault
    const shape = shapeOf(mayLack ? member.unwrap() : member)
    return `${name}${mayLack ? '?' : ''}${shape === '' ? '' : `: ${shape}`}`
  })
  return `{${members.join(', ')}}`
}

/** Every call of the API, with what it takes and who may. */
export function apiText(): string {
  const rows = Object.values<Operation>(OPERATIONS).map(({ method, path, need, query, summary, body }) => [
    `\`${method} ${path}\``,
    need,
    [...Object.keys(query.shape).map(name => `\`${name}\``), ...bodyOf(body)].join(', '),
    summary,
  ])
  return markdownTable(['call', 'scope', 'takes', 'what it tells or does'], rows)
}

/** Every metric of the gate's own, and every value of `limit`. */
export function metricsText(): string {
  const metrics = metricFamilies().map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map(label => `\`${label}\``).join(', '),
    help,
  ])
  const limits = Object.entries(LIMITS).map(([limit, told]) => [`\`${limit}\``, told])
  return [
    markdownTable(['metric', 'type', 'labels', 'what it tells'], metrics),
    '## Values of `limit`',
    markdownTable(['limit', 'what happened'], limits),
  ].join('\n\n')
}

/** What the tables of a policy's keys need of JSON Schema. */
interface Schema {
  readonly type?: string
  readonly const?: string | number
  readonly enum?: readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
}

/** Every key that a policy file may have, a section for each key at the top. */
export function policyText(): string {
  const { properties = {} } = policyJsonSchema() as Schema
  const plain = Object.entries(properties).filter(([, schema]) => isPlain(schema))
  const sections = Object.entries(properties).filter(([, schema]) => !isPlain(schema))
  return [
    '## At the top',
    keyTable(plain.map(([key, schema]) => rowOf(key, schema, key === 'version'))),
    ...sections.flatMap(([key, schema]) => sectionOf(key, key === 'projects' ? withoutDefaults(properties) : schema)),
  ].join('\n\n')
}

/** Rules may say whatever `defaults` may; once is enough. */
function withoutDefaults({ projects = {}, defaults = {} }: Readonly<Record<string, Schema>>): Schema {
  const own = Object.entries(projects.items?.properties ?? {}).filter(([key]) => !(key in (defaults.properties ?? {})))
  const description = `${projects.description ?? 'Rules, one of which decides.'} Besides, each key of \`defaults\` but \`unmatched\`.`
  return { ...projects, description, items: { ...projects.items, properties: Object.fromEntries(own) } }
}

function sectionOf(key: string, schema: Schema): readonly string[] {
  const told = schema.description === undefined ? [] : [schema.description]
  const entry = schema.items ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : schema)
  const head = [`## \`${key}\``, ...told]
  const forms = entry.oneOf ?? entry.anyOf
  if (forms === undefined) return [...head, keyTable(rowsOf(entry, ''))]
  // forms that have no keys of their own say which of the keys go together
  if (entry.properties !== undefined) return [...head, togetherOf(forms), keyTable(rowsOf(entry, ''))]
  return [...head, ...forms.flatMap(form => [titleOf(form), keyTable(rowsOf(form, ''))])]
}

/** `Either \`project\` and \`files\`, or \`pins\`.` */
function togetherOf(forms: readonly Schema[]): string {
  const sets = forms.map(({ required = [] }) => required.map(key => `\`${key}\``).join(' and '))
  return `Either ${sets.join(', or ')}.`
}

/** A form is known by the one word that it must have, or by its first key. */
function titleOf({ properties = {} }: Schema): string {
  const [first] = Object.entries(properties)
  if (first === undefined) return ''
  const [key, { const: word }] = first
  return word === undefined ? `With \`${key}\`:` : `\`${key}: ${word}\``
}

function rowsOf(schema: Schema, before: string): readonly (readonly string[])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    if (value.const !== undefined) return []
    const path = `${before}${key}`
    const needed = schema.required?.includes(key) === true
    const inner = value.type === 'array' && value.items?.properties !== undefined ? value.items : value
    const below = rowsOf(inner, `${path}${inner === value ? '' : '[]'}.`)
    const itself = value.description !== undefined || below.length === 0 || needed
    return [...(itself ? [rowOf(path, value, needed)] : []), ...below]
  })
}

function rowOf(path: string, schema: Schema, needed: boolean): readonly string[] {
  return [`\`${path}\``, formOf(schema), needed ? 'yes' : '', (schema.description ?? '').replaceAll('<', '&lt;')]
}

function keyTable(rows: readonly (readonly string[])[]): string {
  return markdownTable(['key', 'value', 'needed', 'what it says'], rows)
}

function isPlain(schema: Schema): boolean {
  return schema.properties === undefined && schema.items === undefined && schema.additionalProperties === undefined
}

function formOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.enum !== undefined) return schema.enum.map(word => `\`${word}\``).join(', ')
  const forms = schema.anyOf ?? schema.oneOf
  if (forms !== undefined) return [...new Set(forms.map(formOf))].join(' or ')
  if (schema.type === 'array')
    return schema.items?.properties === undefined ? `list of ${formOf(schema.items ?? {})}` : 'list'
  if (schema.type === 'object') return 'mapping'
  return schema.type === 'string' ? 'text' : (schema.type ?? 'any')
}
