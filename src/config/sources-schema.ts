import { z } from 'zod'
import { SOURCE_NAME } from '../domain/base/source-name.ts'
import { nameGlob, upstreamUrl } from './address.ts'
import { credentials, pathBelow } from './parts.ts'
import { indexAccess } from './sections/access.ts'
import { duration } from './units.ts'

/** What a source or an index may be called: it stands in policies, logs and metrics. */
const name = z.string().regex(SOURCE_NAME, {
  error: 'must be a name of lower-case letters, digits and "-", at most 32, beginning with a letter',
})

/** First segments of the gate's own paths. */
const OURS = ['simple', 'pypi', 'packages', 'integrity', 'x', 'codes', 'vsa', 'healthz', 'readyz', 'metrics']

/** `/` or `/ml` or `/team/ml`, as a client writes it before `/simple/`. */
const indexPath = z
  .string()
  .regex(/^\/(?:[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,63})*)?$/, {
    error: 'must be a path such as / or /ml, of letters, digits, ".", "_" and "-"; no slash at its end',
  })
  .refine(path => path.split('/').every(segment => !OURS.includes(segment)), {
    error: `would hide paths of the gate: no part of it may be ${OURS.join(', ')}`,
  })

/** Several upstreams, by what they are called. Paths resolve against `folder`. */
export function sourcesSection(folder: string) {
  const source = z.strictObject({
    index: upstreamUrl
      .refine(url => !url.endsWith('/simple'), {
        error: 'leave out /simple: the gate adds /simple/ and /pypi/ itself',
      })
      .describe('serves `/simple/`, and `/pypi/` where it has a JSON API'),
    files: z.array(upstreamUrl).min(1).optional().describe('where file bytes may come from; default: `index`'),
    integrity: z
      .union([z.literal('none'), upstreamUrl])
      .optional()
      .describe(
        'serves `/integrity/` (PEP 740); `none`: nobody has any of its files attested, and nobody is asked; default: `index`',
      ),
    auth: credentials.optional().describe('for the origin of `index`, and for no other'),
    ca: pathBelow(folder).optional(),
    timeout: duration({ least: '100ms', most: '10m' }).prefault('10s'),
    owns: z.array(nameGlob).prefault([]).describe('names that are asked of it alone, in every index'),
    only: z.array(nameGlob).min(1).optional().describe('all that it is ever asked'),
  })
  return z.record(name, source).refine(sources => Object.keys(sources).length > 0, { error: 'must not be empty' })
}

/** Several indexes, by what they are called. */
export function indexesSection(folder: string) {
  const index = z.strictObject({
    path: indexPath,
    sources: z.array(name).min(1).describe('in the order in which they are asked'),
    policy: z.array(pathBelow(folder)).min(1).optional().describe('default: `policy`'),
    mode: z.enum(['list', 'annotate', 'hide']).optional().describe('default: `index.mode`'),
    access: indexAccess(folder).optional().describe('what it leaves out: as in `access`'),
  })
  return z.record(name, index).refine(indexes => Object.keys(indexes).length > 0, { error: 'must not be empty' })
}
