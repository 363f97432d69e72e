import type { z } from 'zod'
import { cut } from '../../domain/base/cut.ts'
import { type Diagnostic, didYouMean } from './diagnostic.ts'
import { keysAt } from './keys-at.ts'
import { valueAt } from './value-at.ts'
import type { YamlDocument, YamlPath } from './yaml-document.ts'

type Issue = z.core.$ZodIssue

/** Says in a person's words, and at the place in the file, what `schema` has against a document. */
export function describeIssues(
  issues: readonly Issue[],
  document: YamlDocument,
  schema: z.ZodType,
): readonly Diagnostic[] {
  return issues.flatMap(issue => describe(issue, [], document, schema))
}

function describe(issue: Issue, base: YamlPath, document: YamlDocument, schema: z.ZodType): readonly Diagnostic[] {
  const path = [...base, ...issue.path.map(part => (typeof part === 'number' ? part : String(part)))]
  const found = valueAt(document.value, path)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => document.atKey([...path, key], unknownKey(key, path, schema)))
  if (issue.code === 'invalid_key') return [document.atKey(path, issue.issues.map(({ message }) => message).join('; '))]
  if (found === undefined) return [missing(document, path, issue.message)]
  if (issue.code === 'invalid_union') return describeUnion(issue, path, document, schema)
  return [document.at(path, describeValue(issue, found, document.source(path)))]
}

function describeValue(issue: Issue, found: unknown, source: string | undefined): string {
  if (issue.code === 'invalid_type') {
    const hint = UNSAID_TYPE.test(issue.message) ? '' : `; ${issue.message}`
    return `${wrongType(expectedType(issue), found, source)}${hint}`
  }
  if (issue.code === 'invalid_value') return wrongValue(issue.values.map(String), found)
  if (issue.code === 'too_small')
    return issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'must not be empty'
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}; found ${show(found)}`
  return issue.code === 'invalid_format' ? `${issue.message}; found ${show(found)}` : issue.message
}

/** what a schema's own words begin with that say why a key has to be there */
const MISSING = 'is missing'
/** zod's words for a type that nobody gave words to */
const UNSAID_TYPE = /^Invalid input\b/
/** zod's words for a union that nobody gave words to */
const UNSAID = 'Invalid input'

function describeUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: YamlPath,
  document: YamlDocument,
  schema: z.ZodType,
): readonly Diagnostic[] {
  const found = valueAt(document.value, path)
  const options: unknown = 'options' in issue ? issue.options : undefined
  if (Array.isArray(options)) return [document.at(path, wrongValue(options.map(String), found))]
  if (issue.message !== UNSAID && (typeof found !== 'object' || found === null))
    return [document.at(path, `${issue.message}; found ${show(found)}`)]
  // the alternative that was meant is the one whose own type fits
  const meant = issue.errors.find(
    errors => !errors.some(error => error.code === 'invalid_type' && error.path.length === 0),
  )
  if (meant !== undefined) return meant.flatMap(error => describe(error, path, document, schema))
  const expected = issue.errors.flat().flatMap(error => (error.code === 'invalid_type' ? [expectedType(error)] : []))
  return [document.at(path, wrongType([...new Set(expected)].join(' or '), found, document.source(path)))]
}

function missing(document: YamlDocument, path: YamlPath, said: string): Diagnostic {
  const { line, column } = document.at(path.slice(0, -1), '')
  const hint = said.startsWith(MISSING) ? said.slice(MISSING.length) : ''
  return { ...document.at(path, `"${path.at(-1)}" is missing${hint}`), line, column }
}

function unknownKey(key: string, path: YamlPath, schema: z.ZodType): string {
  const known = keysAt(schema, path)
  // a key of another kind of publisher is known, but not here
  return `unknown key "${key}"${didYouMean(
    key,
    known.filter(candidate => candidate !== key),
  )}`
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  boolean: 'true or false',
}

function expectedType({ expected }: { readonly expected: string }): string {
  return TYPES[expected] ?? expected
}

function wrongType(expected: string, found: unknown, source: string | undefined): string {
  const hint =
    expected.startsWith('text') && typeof found === 'number'
      ? `; write it in quotes: "${source ?? String(found)}"`
      : expected === 'a list' && typeof found === 'string'
        ? `; write [${found}]`
        : ''
  return `must be ${expected}, found ${show(found)}${hint}`
}

function wrongValue(values: readonly string[], found: unknown): string {
  const choice = values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`
  return `${choice}; found ${show(found)}${typeof found === 'string' ? didYouMean(found, values) : ''}`
}

function show(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  const text = JSON.stringify(value)
  return cut(text, 80)
}
