import { z } from 'zod'
import { duration } from '../../config/units.ts'
import { wrongContactUrl } from '../../domain/policy/contact.ts'

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
const workflowRef = {
  workflow: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*\/[A-Za-z0-9._-]+\/\.github\/workflows\/[A-Za-z0-9._-]+\.ya?ml$/, {
      error: 'must be owner/repo/.github/workflows/file.yml',
    }),
  ref: oneOrMany(signerRef),
}
const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, { error: 'must be an id of CircleCI, a UUID in lower case' })
const repositoryName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_.-]+)+$/, { error: 'must be owner/name' })
/** With its algorithm, as exemptions have it, or without. */
const sha256Text = z.string().regex(/^(?:sha256:)?[0-9a-f]{64}$/, { error: 'must be 64 lower-case hex digits' })
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

const githubSchema = z
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
      .strictObject(workflowRef)
      .optional()
      .describe('A reusable workflow that signs: the Build Signer URI (.9) must be it. Without it .9 must equal .18.'),
  })
  .describe('A GitHub Actions workflow.')

const gitlabSchema = z
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

const googleSchema = z
  .strictObject({
    kind: z.literal('google'),
    email: z
      .string()
      .regex(/^[^\s@]+@[^\s@]+$/, { error: 'must be an e-mail address' })
      .describe('The service account, compared exactly.'),
  })
  .describe('A Google identity, vouched for by accounts.google.com.')

const circleciSchema = z
  .strictObject({
    kind: z.literal('circleci'),
    project_id: uuid.describe('Immutable id of the project; Project Settings show it.'),
    pipeline_definition_id: uuid.describe('Id of the pipeline in that project, as its certificates name it (.9).'),
    organization_id: uuid
      .optional()
      .describe('Immutable id of the organization: the issuer (.8) must then be its own, …/org/<id>.'),
    vcs_origin: text
      .optional()
      .describe('Source repository (.12), compared exactly: CircleCI writes github.com/owner/name.'),
    ref: demands.ref,
  })
  .describe('A CircleCI pipeline. A job that was run again with SSH is always refused.')

const customSchema = z
  .strictObject({
    kind: z.literal('custom'),
    issuer: z
      .string()
      .regex(/^https?:\/\/[^\s]+$/, { error: 'must be the URL of an issuer' })
      .describe('The issuer (.8), compared exactly.'),
    san: text.describe('The one name of the certificate, a URI or an e-mail address, compared exactly.'),
    trusted_root: text.describe(
      'The trusted_root.json of the authority, relative to this file. It vouches for this publisher and for nobody else.',
    ),
  })
  .describe('Somebody whom an authority of your own vouches for.')

export const publisherSchema = z.discriminatedUnion('kind', [
  githubSchema,
  gitlabSchema,
  googleSchema,
  circleciSchema,
  customSchema,
])

const allowOrDeny = z.enum(['allow', 'deny'])
const attestation = z.enum(['required', 'when-seen', 'optional'])
const predicate = z.enum(['publish/v1', 'slsa-provenance/v1'])
const judging = {
  attestation: attestation
    .optional()
    .describe(
      'required: a file needs an attestation. when-seen: it does from the first attested file of the project on. optional: one that is there must verify. Default: required.',
    ),
  identity: z
    .enum(['declared', 'first-seen'])
    .optional()
    .describe(
      'first-seen: where a rule names no publisher, the first that was proved for the project is the one. Default: declared.',
    ),
  predicates: z
    .strictObject({
      require: z.array(predicate).optional().describe('Types that must all be there; [] demands nothing. Default: [].'),
      allow: z.array(predicate).min(1).optional().describe('Types that may be there. Default: both.'),
    })
    .optional(),
  slsa: z
    .strictObject({
      min_level: z
        .int()
        .min(1)
        .max(3)
        .optional()
        .describe('SLSA build level that the certificate must speak for. Default: 1.'),
      builders: z
        .array(z.strictObject(workflowRef))
        .min(1)
        .describe('Reusable workflows, one of which must have signed the SLSA provenance (.9).'),
    })
    .optional()
    .describe('SLSA provenance that is demanded besides.'),
  regression: z
    .strictObject({
      lost: allowOrDeny
        .optional()
        .describe('Unattested, though the release line or one before it was attested (when-seen). Default: deny.'),
      partial: allowOrDeny
        .optional()
        .describe('Unattested beside attested files of its release (when-seen). Default: deny.'),
      publisher_changed: allowOrDeny.optional().describe('Another signer than the first (first-seen). Default: deny.'),
      added_late: allowOrDeny.optional().describe('Came more than 14 days after its release. Default: deny.'),
      release_line: z
        .enum(['project', 'major', 'minor'])
        .optional()
        .describe('How finely release lines are told apart. Default: minor.'),
      ignore_prereleases: z.boolean().optional().describe('Compare pre-releases among themselves. Default: true.'),
    })
    .optional()
    .describe('What a file gets that falls behind what the project had.'),
  cooldown: z
    .strictObject({ min_age: duration().describe('Such as 3d; younger files are refused.') })
    .optional()
    .describe('Age counts from the latest of upload time, signed log time, and the last look without the file.'),
  yanked: allowOrDeny.optional().describe('What a file that its author yanked gets. Default: allow.'),
  confusable: z
    .enum(['allow', 'warn', 'deny'])
    .optional()
    .describe(
      'What a project gets whose name is like one that another source owns. warn and allow are the same: it is told. Default: allow.',
    ),
  status: z
    .strictObject({ archived: allowOrDeny.optional(), deprecated: allowOrDeny.optional() })
    .optional()
    .describe('What a project that the index marks so gets; quarantined is always refused. Default: allow.'),
}

export const contactSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,120}$/u, { error: 'must be one line of at most 120 characters' })
      .describe('Such as "Platform team".'),
    url: z
      .string()
      .max(2000)
      .superRefine((url, context) => {
        const wrong = wrongContactUrl(url)
        if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong })
      })
      .describe(
        'https: or mailto:, with {code} {project} {version} {filename} {refusal} {sha256} filled in percent-encoded.',
      ),
  })
  .describe('Whom somebody asks who was refused a file.')

/** As the configuration calls it. */
const sourceName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, { error: 'must be the name of a source of the configuration' })

const judgingSchema = z.strictObject({
  ...judging,
  unmatched: z
    .enum(['deny', 'apply-defaults'])
    .optional()
    .describe('What a project without a rule gets. Default: deny.'),
})

export const defaultsSchema = judgingSchema
  .extend({
    sources: z
      .record(sourceName, judgingSchema)
      .optional()
      .describe('By the name of a source: what holds for files of that source before the rest of these defaults.'),
  })
  .describe('What a rule does not say, it inherits from here.')

export const ruleSchema = z.strictObject({
  match: text.describe(
    'A project name (PEP 503), or a glob over names. The exact name decides, else the glob with the longest literal prefix.',
  ),
  source: sourceName
    .optional()
    .describe(
      'Only for files that come from this source of the configuration; of two rules that match alike, the one that names it decides.',
    ),
  publishers: z
    .array(z.union([z.string(), publisherSchema]))
    .min(1)
    .optional()
    .describe('Names from `publishers`, or publishers inline. One must have signed.'),
  deny: z
    .string({ error: 'write why, such as "typosquat of demo"' })
    .min(1)
    .optional()
    .describe('Refuses the project; says why.'),
  contact: contactSchema.optional(),
  ...judging,
})

export const exemptionSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'must be at most 64 letters, digits, dots, dashes' }),
    project: text.optional().describe('One project name, no glob; with files.'),
    versions: text.optional().describe('PEP 440 specifier set, such as "==1.17.0"; with files.'),
    waive: z
      .array(
        z.enum([
          'attestation',
          'identity',
          'predicate',
          'slsa',
          'regression',
          'cooldown',
          'yanked',
          'status',
          'source',
        ]),
      )
      .min(1),
    files: z
      .record(
        z.string(),
        z.string().regex(/^sha256:[0-9a-f]{64}$/, {
          error: ({ input }) =>
            /^[0-9a-f]{64}$/.test(String(input))
              ? `write it with its algorithm: "sha256:${String(input)}"`
              : 'must be "sha256:" and 64 lower-case hex digits',
        }),
      )
      .optional()
      .meta({ minProperties: 1, description: 'File name to sha256: only these bytes are exempt.' }),
    pins: text
      .optional()
      .describe(
        'Instead of project, versions and files: a file of lines name==version --hash=sha256:…, as pip writes them. Only these bytes are exempt. Relative to the policy file.',
      ),
    match: text
      .optional()
      .describe('With pins: a project name, or a glob over names; what the file may pin. Default "*".'),
    reason: text,
    owner: text.describe('Who answers for it.'),
    ticket: text.optional(),
    expires: text.describe('A date (it ends with that day, UTC), or a time with Z or an offset.'),
  })
  .meta({ oneOf: [{ required: ['project', 'files'] }, { required: ['pins'] }] })

export const revocationSchema = z
  .strictObject({
    sha256: sha256Text.optional().describe('One file.'),
    run: z
      .string()
      .regex(/^https:\/\/[^\s]+$/, { error: 'must be the URL of a run' })
      .optional()
      .describe('Run invocation URI (.21).'),
    repository: repositoryName.optional().describe('owner/name, with a commit or a window of signed times.'),
    commit: z
      .string()
      .regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, { error: 'must be a whole commit digest' })
      .optional(),
    signed_after: text.optional().describe('A time with Z or an offset; the first moment that is revoked.'),
    signed_before: text.optional().describe('A time with Z or an offset; the first moment that is not.'),
    project: text.optional().describe('One project name, with versions.'),
    versions: text.optional().describe('PEP 440 specifier set.'),
    reason: text,
  })
  .describe('What is no longer trusted, whatever was proved of it.')

export const limitsSchema = z.strictObject({
  exemption_max: duration()
    .optional()
    .describe('Longest life of an exemption, counted from the load. Default: no bound, for approvals neither.'),
  exemption_warn: duration().optional().describe('How long before its end an exemption is warned about. Default: 14d.'),
})

/** Whoever signs in a test: a named publisher, or claims spelled as a publisher is. */
const attestedBySchema = z.union([z.string(), publisherSchema])

export const testSchema = z.strictObject({
  given: z.strictObject({
    file: text.describe('File name of a wheel or source distribution.'),
    attested_by: attestedBySchema.optional().describe('Who signs it; without, it is unattested.'),
    source: sourceName.optional().describe('The source that it comes from; without, nobody knows.'),
    sha256: sha256Text.optional(),
    uploaded: text.optional().describe('A time with Z or an offset.'),
    at: text.optional().describe('The moment of the request; default now.'),
    yanked: z.boolean().optional(),
    status: z.enum(['active', 'archived', 'deprecated', 'quarantined']).optional(),
    attested_before: z
      .array(text)
      .min(1)
      .optional()
      .describe('File names of the project that were seen attested before.'),
    built_by: z.strictObject(workflowRef).optional().describe('The builder that signs SLSA provenance besides.'),
    first_signed_by: attestedBySchema.optional().describe('Who was proved first for the project.'),
  }),
  expect: z.union([z.literal('admitted'), z.strictObject({ refused: text })], {
    error: 'must be admitted or { refused: … }',
  }),
})

const publisherName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'a name has at most 64 letters, digits, dots, dashes' })

export const policySchema = z
  .strictObject({
    version: z.literal(1),
    mode: z
      .enum(['enforce', 'audit'])
      .optional()
      .describe(
        'audit: what would be refused is admitted and told; hard refusals are refused all the same. Default: enforce.',
      ),
    publishers: z.record(publisherName, publisherSchema).optional().describe('Named identities that rules refer to.'),
    contact: contactSchema.optional(),
    defaults: defaultsSchema.optional(),
    projects: z.array(ruleSchema).min(1).optional(),
    exemptions: z
      .array(exemptionSchema)
      .optional()
      .describe('The only way round a soft refusal: pinned, owned, explained, ending.'),
    limits: limitsSchema.optional(),
    revocations: z.array(revocationSchema).optional(),
    tests: z.array(testSchema).optional().describe('Decided at every load; one that fails stops it.'),
  })
  .describe('A Portcullis policy')

export type PublisherText = z.infer<typeof publisherSchema>
export type DefaultsText = z.infer<typeof defaultsSchema>
/** Defaults without those of sources: as they hold for one file. */
export type JudgingText = z.infer<typeof judgingSchema>
export type RuleText = z.infer<typeof ruleSchema>
export type ExemptionText = z.infer<typeof exemptionSchema>
export type RevocationText = z.infer<typeof revocationSchema>
export type TestText = z.infer<typeof testSchema>

/** JSON Schema (draft 2020-12) for editors: `# yaml-language-server: $schema=./policy.schema.json`. */
export function policyJsonSchema(): object {
  return z.toJSONSchema(policySchema, { io: 'input' })
}
