import { z } from 'zod'
import { MOST_PAGE_ROWS, PAGE_ROWS } from './operation.ts'

// by what there may not be, so that a pattern of JSON Schema says the same by code points and by UTF-16
// oxlint-disable-next-line no-control-regex -- they are what is kept out
const LINE = /^[^\x00-\x1f\x7f-\x9f]+$/u
/** the same, but for what ends a line */
// oxlint-disable-next-line no-control-regex
const LINES = /^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$/u

/** what a name is made of */
export const NAMED = 'letters, digits, ".", "_" and "-", beginning with a letter or digit'

/** What comes from outside is bounded, of one line, and holds nothing that steers a terminal or ends a text. */
function line(most: number): z.ZodString {
  return z.string().min(1).max(most).regex(LINE, 'one line without control characters')
}

export const words = line(200)
/** of several lines */
export const paragraphs = z.string().max(2000).regex(LINES, 'text without control characters')
export const projectName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'the name of a project')
  .describe('a project, in any spelling of its name')
export const indexName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, NAMED)
  .describe('as the configuration calls it; default: the first of those that one may ask about')
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '64 digits of lower-case hexadecimal')
export const time = z.iso.datetime({ offset: true })
export const shortId = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, "_" and "-"')

/** `null` where it is not known, or not there. */
export const maybe = <Of extends z.ZodType>(of: Of): z.ZodNullable<Of> => z.nullable(of)
const text = z.string()
const count = z.int().min(0)

export const NOTHING = z.strictObject({})

/** What a list takes besides its filter. */
export const PAGE = {
  cursor: z
    .string()
    .min(1)
    .max(1000)
    .regex(/^[A-Za-z0-9_.~-]+$/, '`next` of the page before')
    .optional()
    .describe('`next` of the page before'),
  limit: z.int().min(1).max(MOST_PAGE_ROWS).default(PAGE_ROWS).describe('rows of a page, at most'),
}

export function pageOf<Of extends z.ZodType>(item: Of) {
  return z.object({
    items: z.array(item),
    next: maybe(text).describe('of the next page, as `cursor`; `null`: this is the last'),
  })
}

export const outcome = z.enum(['admitted', 'refused', 'unknown'])

export const policyInForce = z.object({
  index: text,
  digest: text.describe('sha256, as refusals name it'),
  mode: z.enum(['enforce', 'audit']),
  files: z.array(text).describe('by their names alone'),
  projects_without_rule: z.enum(['deny', 'apply-defaults']),
  kept_back: maybe(text).describe('why the policy that lies there now is not in force'),
})

const sum = z.object({ name: text, refused: count })

export const overview = z.object({
  since: time,
  until: time,
  counted_since: maybe(time).describe('what was written down before is not counted'),
  over_time: z.array(
    z.object({ from: time, until: time, admitted: count, attested: count, refused: count, watched: count }),
  ),
  top: z.object({
    projects: z.array(sum),
    rules: z.array(sum),
    subjects: z.array(sum),
    codes: z.array(sum),
    attested: z.object({ projects: count, of_projects: count }),
  }),
  checks: z.array(z.object({ name: text, ok: z.boolean(), detail: text, warning: z.boolean() })),
  policies: z.array(policyInForce),
  gates: maybe(
    z.object({
      apart: count.describe(
        'how many others have gone by another policy or trust root for longer than a roll-out takes',
      ),
      warnings: z.array(text),
      others: z
        .array(
          z.object({
            name: text,
            policies: z.array(text).describe('digests, of each index'),
            same_policies: z.boolean().describe('as this gate has'),
            trust: maybe(text).describe('digest of the trust root'),
            same_trust: z.boolean(),
            seen: time,
          }),
        )
        .describe('those that said something within the last twenty seconds'),
    }),
  ).describe('other gates that share the database; `null`: it is alone'),
})

export const projectSums = z.object({ project: text, admitted: count, refused: count, watched: count, last: time })

export const refusalGroup = z.object({
  index: maybe(text),
  project: text,
  code: text,
  rule: maybe(text),
  requests: count,
  files: count,
  subjects: count,
  first: time,
  last: time,
  filename: text.describe('the latest'),
  sha256: maybe(text),
})

export const identity = z.object({
  issuer: text,
  san: text,
  repository: maybe(text),
  workflow: maybe(text),
  ref: maybe(text),
})

/** a gate of an older version does not tell it */
const fromSource = maybe(text)
  .optional()
  .describe('of several sources, the one that it came from; `null`: there was one, or it was not written down')

export const journalRow = z.object({
  id: text,
  at: time,
  outcome: z.enum(['admitted', 'refused', 'forgotten']),
  code: text,
  rule: maybe(text),
  project: text,
  filename: text,
  sha256: maybe(text),
  identity: maybe(identity),
  subject: maybe(text),
  client: text,
  index: maybe(text),
  source: fromSource,
  policy: text,
  count,
})

/** As `downloads show --format json` prints it. */
export const download = z.object({
  subject: maybe(text),
  index: maybe(text),
  source: fromSource,
  sha256: maybe(text),
  rule: maybe(text),
  client: text,
  project: text,
  filename: text,
  verdict: text,
  requests: count,
  first: time,
  last: time,
})

/** As `exemptions expiring --format json` prints it, and where it stands. */
export const exemption = z.object({
  id: text,
  project: maybe(text),
  files: z.record(text, text),
  pins: maybe(z.object({ file: text, projects: z.array(text), files: count })),
  projects: z.array(text).describe('that it pins files of'),
  pinned: count.describe('files, or releases where a pins file names them'),
  waive: z.array(text),
  owner: text,
  ticket: maybe(text),
  reason: text,
  ends: time,
  ended: z.boolean(),
  rule: text.describe('id, as the journal has it'),
  place: z.object({ file: text, line: count }),
})

export const revocation = z.object({
  revocation: text,
  reason: text,
  place: z.object({ file: text, line: count }),
  files: z.array(z.object({ filename: text, sha256: text, held: z.boolean() })),
  downloads: z.array(download),
  more: z.boolean().describe('more was downloaded of it than is told here'),
})

export const accessRequest = z.object({
  id: text,
  refusal: text,
  kind: z.enum(['file', 'change']),
  index: text,
  project: text,
  version: maybe(text),
  filename: text,
  sha256: maybe(text),
  code: text,
  reason: text,
  by: z.object({ subject: text, email: maybe(text), address: text }),
  at: time,
  state: z.enum(['open', 'approved', 'declined', 'withdrawn']),
  decision: maybe(
    z.object({
      by: text,
      email: maybe(text),
      at: time,
      words: text,
      ticket: maybe(text),
      approval: maybe(z.object({ extent: z.enum(['file', 'release']), ends: time, yaml: text })),
    }),
  ),
})

export const auditRow = z.object({
  sequence: count,
  at: time,
  action: text,
  actor: text,
  from: text,
  target: text,
  why: maybe(text),
  detail: z.record(text, text),
  hash: text,
  previous: text,
})

export const token = z.object({
  name: text,
  subject: text,
  indexes: maybe(z.array(text)).describe('`null`: every one'),
  scopes: z.array(text),
  holder: maybe(text).describe('whom it was given out for; `null`: nobody said so'),
  state: z.enum(['in force', 'expired', 'revoked']),
  created: time,
  expires: maybe(time),
  revoked: maybe(time),
})

export const session = z.object({
  id: text,
  subject: text,
  email: maybe(text),
  name: maybe(text),
  role: z.enum(['viewer', 'approver', 'admin']),
  began: maybe(time).describe('`null`: a link of `console login` that nobody followed yet'),
  used: maybe(time).describe('to the minute'),
  ends: time.describe('at the latest: one that nobody uses for an hour ends sooner'),
})
