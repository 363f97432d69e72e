import { z } from 'zod'

/**
 * The policy file's shape: validation, types and the JSON Schema all come from here. What must hold between parts
 * (names, ties, references, dates) is checked where the policy is compiled.
 */

function oneOrMany<Item extends z.ZodType<string, string>>(item: Item) {
  return z.union([item, z.array(item).min(1)])
}

const text = z.string().min(1)
const decimal = z
  .string()
  .regex(/^[1-9][0-9]{0,18}$/, { error: 'must be a number written as text, such as "14899596"' })
const refGlob = z.string().regex(/^(?!.*\*\*)refs(?:\/[^\s/]+)+$/, {
  error: 'must be a ref glob such as refs/tags/v* (* does not cross "/", and stands alone)',
})
const signerRef = z.string().regex(/^(?!.*\*\*)(?:refs(?:\/[^\s/]+)+|[0-9a-f]{40})$/, {
  error: 'must be a ref glob such as refs/tags/v*, or a commit of 40 hex digits',
})
const trigger = z.string().regex(/^[a-z][a-z_]*$/, { error: 'must be an event name such as push or workflow_dispatch' })

const demands = {
  ref: oneOrMany(refGlob)
    .optional()
    .describe('Globs over the source ref (.14); * does not cross "/". A certificate without a ref is refused.'),
  environment: text
    .optional()
    .describe('Deployment environment (.23). Certificates from before November 2025 lack it and are refused.'),
  owner_id: decimal.optional().describe('Immutable id of the owner (.17), as text.'),
  visibility: z
    .enum(['public', 'private', 'internal'])
    .optional()
    .describe('Visibility of the repository when it signed (.22).'),
  trigger: oneOrMany(trigger)
    .optional()
    .describe('What may have started the run (.20). pull_request_target is refused unless named.'),
}

export const githubSchema = z
  .strictObject({
    kind: z.literal('github'),
    repository: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]*)\/(?:\*|[A-Za-z0-9._-]+)$/, {
        error: 'must be owner/name, or owner/* with an owner_id',
      })
      .describe(
        'owner/name, compared exactly (ASCII case is ignored when repository_id and owner_id are pinned); owner/* needs owner_id.',
      ),
    workflow: oneOrMany(
      z.string().regex(/^(?:\*|[A-Za-z0-9._-]+\.ya?ml)$/, {
        error: 'must be a file name in .github/workflows such as release.yml, or *',
      }),
    ).describe('File name in .github/workflows, one or a list; * needs owner_id.'),
    repository_id: decimal.optional().describe('Immutable id of the repository (.15), as text.'),
    ...demands,
    runner: z.enum(['github-hosted', 'self-hosted']).optional().describe('Runner environment (.11).'),
    signer: z
      .strictObject({
        workflow: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*\/[A-Za-z0-9._-]+\/\.github\/workflows\/[A-Za-z0-9._-]+\.ya?ml$/, {
            error: 'must be owner/repo/.github/workflows/file.yml',
          }),
        ref: oneOrMany(signerRef),
      })
      .optional()
      .describe('A reusable workflow that signs: the Build Signer URI (.9) must be it. Without it .9 must equal .18.'),
  })
  .describe('A GitHub Actions workflow.')

export const gitlabSchema = z
  .strictObject({
    kind: z.literal('gitlab'),
    project: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$/, {
        error: 'must be group/project, subgroups included',
      })
      .describe('The whole path of the project, compared exactly.'),
    config: z
      .string()
      .regex(/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*\.ya?ml$/, {
        error: 'must be a path in the repository such as .gitlab-ci.yml',
      })
      .describe('Path of the pipeline file, usually .gitlab-ci.yml.'),
    project_id: decimal.optional().describe('Immutable id of the project (.15), as text.'),
    ...demands,
    runner: z.enum(['gitlab-hosted', 'self-hosted']).optional().describe('Runner environment (.11).'),
  })
  .describe('A GitLab CI pipeline on gitlab.com.')

export const googleSchema = z
  .strictObject({
    kind: z.literal('google'),
    email: z
      .string()
      .regex(/^[^\s@]+@[^\s@]+$/, { error: 'must be an e-mail address' })
      .describe('The service account, compared exactly.'),
  })
  .describe('A Google identity, vouched for by accounts.google.com.')

export const publisherSchema = z.discriminatedUnion('kind', [githubSchema, gitlabSchema, googleSchema])

const allowOrDeny = z.enum(['allow', 'deny'])
const attestation = z.enum(['required', 'optional'])
const predicate = z.enum(['publish/v1', 'slsa-provenance/v1'])
const judging = {
  attestation: attestation
    .optional()
    .describe('required: a file needs an attestation. optional: one that is there must verify.'),
  predicates: z
    .strictObject({
      require: z.array(predicate).optional().describe('Types that must all be there; [] demands nothing.'),
      allow: z.array(predicate).min(1).optional().describe('Types that may be there.'),
    })
    .optional(),
  yanked: allowOrDeny.optional().describe('What a file that its author yanked gets.'),
  status: z
    .strictObject({ archived: allowOrDeny.optional(), deprecated: allowOrDeny.optional() })
    .optional()
    .describe('What a project that the index marks so gets; quarantined is always refused.'),
}

export const defaultsSchema = z
  .strictObject({
    ...judging,
    unmatched: z.enum(['deny', 'apply-defaults']).optional().describe('What a project without a rule gets.'),
  })
  .describe('What a rule does not say, it inherits from here.')

export const ruleSchema = z.strictObject({
  match: text.describe(
    'A project name (PEP 503), or a glob over names. The exact name decides, else the glob with the longest literal prefix.',
  ),
  publishers: z
    .array(z.union([z.string(), publisherSchema]))
    .min(1)
    .optional()
    .describe('Names from `publishers`, or publishers inline. One must have signed.'),
  deny: text.optional().describe('Refuses the project; says why.'),
  ...judging,
})

export const exemptionSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'must be at most 64 letters, digits, dots, dashes' }),
  project: text.describe('One project name, no glob.'),
  versions: text.optional().describe('PEP 440 specifier set, such as "==1.17.0".'),
  waive: z.array(z.enum(['attestation', 'identity', 'predicate', 'yanked', 'status'])).min(1),
  files: z
    .record(
      z.string(),
      z.string().regex(/^sha256:[0-9a-f]{64}$/, { error: 'must be "sha256:" and 64 lower-case hex digits' }),
    )
    .meta({ minProperties: 1, description: 'File name to sha256: only these bytes are exempt.' }),
  reason: text,
  owner: text.describe('Who answers for it.'),
  ticket: text.optional(),
  expires: text.describe('A date (it ends with that day, UTC), or a time with Z or an offset.'),
})

const publisherName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'a name has at most 64 letters, digits, dots, dashes' })

export const policySchema = z
  .strictObject({
    version: z.literal(1),
    mode: z.enum(['enforce']).optional(),
    publishers: z.record(publisherName, publisherSchema).optional().describe('Named identities that rules refer to.'),
    defaults: defaultsSchema.optional(),
    projects: z.array(ruleSchema).min(1).optional(),
    exemptions: z
      .array(exemptionSchema)
      .optional()
      .describe('The only way round a soft refusal: pinned, owned, explained, ending.'),
  })
  .describe('A Portcullis policy')

export type PublisherText = z.infer<typeof publisherSchema>
export type DefaultsText = z.infer<typeof defaultsSchema>
export type RuleText = z.infer<typeof ruleSchema>
export type ExemptionText = z.infer<typeof exemptionSchema>

/** Words that the language knows and this release does not: refused by name, so that nobody believes they work. */
export const LATER_KEYS: readonly string[] = [
  'revocations',
  'limits',
  'tests',
  'identity',
  'regression',
  'cooldown',
  'slsa',
  'issuer',
  'san',
  'trusted_root',
]
export const LATER_VALUES: readonly string[] = [
  'audit',
  'when-seen',
  'first-seen',
  'custom',
  'slsa',
  'regression',
  'cooldown',
]

/** JSON Schema (draft 2020-12) for editors: `# yaml-language-server: $schema=./policy.schema.json`. */
export function policyJsonSchema(): object {
  return z.toJSONSchema(policySchema, { io: 'input' })
}
