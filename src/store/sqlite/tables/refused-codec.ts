import { z } from 'zod'
import { instant } from '../../../domain/base/instant.ts'
import { REFUSALS, type RefusalCode } from '../../../domain/base/refusal.ts'
import type { SourceName } from '../../../domain/base/source-name.ts'
import type { Refused } from '../../../domain/decide/verdict.ts'

const text = z.string()
const code = z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]])
const absent = text.optional()

const REFUSED = z.strictObject({
  kind: z.literal('refused'),
  code,
  file: z.strictObject({
    project: text,
    source: absent,
    lookalike: absent,
    version: absent,
    filename: text,
    sha256: absent,
  }),
  rule: z.strictObject({ id: text, file: text, line: z.int() }).optional(),
  identity: z.strictObject({ issuer: text, san: text, repository: absent, workflow: absent, ref: absent }).optional(),
  detail: text,
  admitWith: absent,
  nothingAdmits: absent,
  behind: code.optional(),
  policyDigest: text,
  watched: z.literal(true).optional(),
  letThrough: z.strictObject({ at: z.int(), policyDigest: text }).optional(),
  index: absent,
  steps: z.array(
    z.strictObject({ mark: z.enum(['pass', 'fail', 'skip']), check: text, expected: absent, found: absent }),
  ),
  // older rows have none
  notes: z.array(text).default([]),
})

/** JSON text for the store; absent values are left out, and the commit, which no answer tells. */
export function encodeRefused(refused: Refused): string {
  const { identity } = refused
  return JSON.stringify(identity === undefined ? refused : { ...refused, identity: { ...identity, commit: undefined } })
}

/** Reads a refusal back; `undefined` for anything that is not exactly one. */
export function decodeRefused(json: string): Refused | undefined {
  try {
    return presentKeys(REFUSED.parse(JSON.parse(json)))
  } catch {
    return undefined
  }
}

type Decoded = z.infer<typeof REFUSED>

/** Names every key, as the type asks for it. */
function presentKeys({
  file: { source, lookalike, ...file },
  rule,
  identity,
  admitWith,
  letThrough,
  steps,
  ...rest
}: Decoded): Refused {
  return {
    ...rest,
    file: {
      ...file,
      ...(source === undefined ? {} : { source: source as SourceName }),
      ...(lookalike === undefined ? {} : { lookalike }),
      version: file.version,
      sha256: file.sha256,
    },
    rule,
    identity:
      identity === undefined
        ? undefined
        : { ...identity, repository: identity.repository, workflow: identity.workflow, ref: identity.ref },
    admitWith,
    ...(letThrough === undefined
      ? {}
      : { letThrough: { at: instant(letThrough.at), policyDigest: letThrough.policyDigest } }),
    steps: steps.map(({ mark, check, expected, found }) => ({
      mark,
      check,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
    })),
  }
}
