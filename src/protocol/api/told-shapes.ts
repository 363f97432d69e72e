import { z } from 'zod'
import { identity, maybe, outcome, time } from './shapes.ts'

const text = z.string()
const count = z.int().min(0)
const place = z.object({ id: text, file: text.describe('its name alone'), line: count })

/** What the gate would say of one file, with all that it rests on: what `explain` prints is made of it. */
export const explanation = z.object({
  project: text,
  source: maybe(text),
  version: maybe(text),
  filename: text,
  sha256: maybe(text),
  size: maybe(count).describe('bytes, where the index tells'),
  index: maybe(text),
  outcome,
  by: maybe(z.enum(['attestation', 'optional', 'exemption', 'audit'])).describe('what an admission rests on'),
  code: maybe(text).describe('of a refusal, or of why nobody can tell'),
  detail: text,
  rule: maybe(place),
  identity: maybe(identity),
  policy: maybe(text).describe('digest of the policy that decided'),
  steps: z.array(
    z.object({ mark: z.enum(['pass', 'fail', 'skip']), check: text, expected: maybe(text), found: maybe(text) }),
  ),
  admit_with: maybe(text).describe('YAML that would admit the file and nothing else'),
  nothing_admits: maybe(text).describe('why there is none, where the code does not say it'),
  behind: maybe(text).describe('code of what is never waived and stands against it besides'),
  refusal_notes: z.array(text),
  notes: z.array(text),
  signed: maybe(z.object({ publisher: maybe(text), at: time, log_index: text })),
  passes: maybe(z.object({ version: text, filename: text })).describe('the newest file of the project that passes'),
  contact: maybe(z.object({ name: text, url: text })),
})

export const explained = z.object({
  index: text,
  policy: z.object({ digest: text, files: z.array(text) }),
  release: maybe(z.object({ project: text, version: text, chosen: z.enum(['as named', 'the newest']) })).describe(
    'where a release or a project was named',
  ),
  recorded: maybe(time).describe('of a refusal: when it was told first; nothing was judged again'),
  files: z.array(explanation),
})

/** What the gate has seen of a project: what `history show` prints is made of it. */
export const history = z.object({
  project: text,
  index: text,
  status: maybe(text),
  last_read: maybe(time).describe('`null`: its page was never read'),
  signers: z.array(
    z.object({
      key: text.describe('two are one signer exactly when their keys are equal'),
      root: text.describe('`sigstore`, or the digest of a root of the policy'),
    }),
  ),
  files: z.array(
    z.object({
      filename: text,
      version: text,
      sha256: maybe(text),
      uploaded: maybe(time),
      first_seen: time,
      last_seen: time,
      absent: maybe(time),
      missed: maybe(time),
      offered: maybe(time).describe('provenance, by the index; that proves nothing'),
      is_fleeting: z.boolean(),
      proved: maybe(
        z.object({
          at: time,
          signed_at: time,
          signer: count.describe('which of `signers`'),
          claims: z.record(text, text).describe('of the certificate, by their names'),
          san_kind: z.enum(['uri', 'email']),
        }),
      ),
    }),
  ),
})

export const project = z.object({
  project: text,
  index: text,
  source: maybe(text).describe('whose the name is'),
  status: maybe(text),
  last_read: maybe(time),
  rule: maybe(place).describe('that decides it; `null`: none does'),
  first_signer: maybe(text).describe('SAN of the first that was proved'),
  releases: z.array(
    z.object({
      version: text,
      files: z.array(
        z.object({
          filename: text,
          sha256: maybe(text),
          uploaded: maybe(time),
          first_seen: time,
          attested: z.enum(['proved', 'offered', 'no']),
          signer: maybe(identity),
          last_verdict: maybe(
            z.object({ at: time, outcome: z.enum(['admitted', 'refused']), code: text, rule: maybe(text) }),
          ).describe('among the latest rows of the journal for the project; call explain for what would be said now'),
        }),
      ),
    }),
  ),
})

const diagnostic = z.object({ file: text, line: count, column: count, path: text, message: text })

export const checkedPolicy = z.object({
  ok: z.boolean(),
  digest: maybe(text),
  mode: maybe(z.enum(['enforce', 'audit'])),
  rules: count,
  exemptions: count,
  revocations: count,
  diagnostics: z.array(diagnostic),
  warnings: z.array(text),
})

const approvals = z
  .object({ taken: count, left_out: z.array(z.object({ request: text, why: text })) })
  .describe('what is approved lies over the policy that is sent as over the one in force, as far as it loads beside it')

export const comparedPolicy = z.object({
  index: text,
  in_force: text.describe('digest of the policy that is in force'),
  digest: text,
  approvals,
  changes: z.array(z.object({ effect: z.enum(['wider', 'stricter', 'other']), about: text, text })),
})

const side = z.object({ outcome: z.enum(['admitted', 'refused']), code: text })
const asked = {
  project: text,
  filename: text,
  sha256: maybe(text),
  requests: count,
  clients: count,
  first: time,
  last: time,
}
const changed = z.object({ ...asked, from: side, to: side.extend({ detail: text }) })

export const replayed = z.object({
  index: text,
  digest: text,
  since: time,
  whole: z.boolean().describe('`false`: there was more in the journal than is looked at in one call'),
  approvals,
  requests: count,
  changed: z.array(changed),
  watched: z.array(changed),
  untold: z.array(z.object({ ...asked, from: side })),
})
