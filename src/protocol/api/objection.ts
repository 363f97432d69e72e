import type { z } from 'zod'
import { cut } from '../../domain/base/cut.ts'

/** Things of one call that are named at once. */
const MOST = 5

/** What is wrong with a call, in plain words: each field by its place, and what it takes. What stood there is not repeated. */
export function objectionTo({ issues }: z.core.$ZodError, value: unknown): string {
  // of what is wrong in several ways with one field, the first
  const first = new Map(issues.toReversed().map(issue => [issue.path.join('.'), issue]))
  return Array.from(first, ([place, issue]) => `${place || 'the whole'}: ${wrongWith(issue, value)}`)
    .toReversed()
    .slice(0, MOST)
    .join('; ')
}

function wrongWith(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return isMissing(value, issue.path)
        ? `is missing; it takes ${kindOf(issue.expected)}`
        : `takes ${kindOf(issue.expected)}`
    case 'invalid_value':
      return `takes one of ${issue.values.map(value => String(value)).join(', ')}`
    case 'unrecognized_keys':
      return `there is nothing called ${issue.keys.map(shown).join(', ')} here`
    case 'too_small':
      return `takes ${countOf(issue.origin, issue.minimum, 'at least')}`
    case 'too_big':
      return `takes ${countOf(issue.origin, issue.maximum, 'at most')}`
    case 'invalid_format':
      return `takes ${issue.format === 'datetime' ? 'a time as RFC 3339 has it, such as 2027-01-31T12:00:00Z' : issue.message}`
    case 'invalid_union':
      return 'is none of the forms that it may have'
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
      return 'is not what it may be'
  }
}

function isMissing(value: unknown, path: readonly PropertyKey[]): boolean {
  let at = value
  for (const part of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined
  return at === undefined
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function kindOf(expected: string): string {
  return KINDS[expected] ?? 'something else'
}

function countOf(origin: string, bound: number | bigint, how: 'at least' | 'at most'): string {
  if (origin === 'string') return `${how} ${bound} ${bound === 1 ? 'character' : 'characters'}`
  if (origin === 'array') return `${how} ${bound} of them`
  return `a number of ${how} ${bound}`
}

/** A name that somebody made up, in one line. */
function shown(key: string): string {
  return JSON.stringify(cut(key, 64))
}
