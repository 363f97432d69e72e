import type { Release, World } from '../world.ts'

const MALLORY = { kind: 'github', repository: 'mallory/x', workflow: 'release.yml' } as const
const NOW = new Date().toISOString()

/** How a project comes to be refused: its rule (`none`: there is none), and the release; the file is its source distribution. */
export interface RefusalCase {
  readonly code: string
  readonly rule: string
  readonly release: (world: World, project: string) => Promise<Release>
  /** asked for before, and admitted */
  readonly before?: string
}

const signer = (project: string) => `publishers: [{ kind: github, repository: acme/${project}, workflow: release.yml }]`

/** What somebody may exempt; each of a project of its own. */
export const REFUSED_SOFTLY: readonly RefusalCase[] = [
  { code: 'unattested', rule: 'SIGNER', release: (world, name) => world.release(name, '2.0', { attested: false }) },
  {
    code: 'publisher-mismatch',
    rule: 'SIGNER',
    release: (world, name) => world.release(name, '2.0', { identity: MALLORY }),
  },
  {
    code: 'publisher-changed',
    rule: 'identity: first-seen',
    before: '1.0',
    release: (world, name) => world.release(name, '2.0', { identity: MALLORY }),
  },
  {
    code: 'predicate-not-allowed',
    rule: 'SIGNER, predicates: { require: [slsa-provenance/v1] }',
    release: (world, name) => world.release(name, '2.0'),
  },
  {
    code: 'builder-not-trusted',
    rule: 'SIGNER, slsa: { builders: [{ workflow: acme/b/.github/workflows/b.yml, ref: "refs/tags/*" }] }',
    release: (world, name) => world.release(name, '2.0'),
  },
  {
    code: 'provenance-lost',
    rule: 'attestation: when-seen',
    before: '1.0',
    release: (world, name) => world.release(name, '2.0', { attested: false }),
  },
  {
    code: 'too-new',
    rule: 'SIGNER, cooldown: { min_age: 7d }',
    release: (world, name) => world.release(name, '2.0', { listed: { uploadTime: NOW } }),
  },
  {
    code: 'too-new',
    rule: 'SIGNER, cooldown: { min_age: 7d }',
    release: (world, name) => world.release(name, '2.0', { listed: { uploadTime: NOW }, identity: MALLORY }),
  },
  {
    code: 'upload-time-missing',
    rule: 'SIGNER, cooldown: { min_age: 7d }',
    release: (world, name) => world.release(name, '2.0', { listed: { entry: { 'upload-time': undefined } } }),
  },
  {
    code: 'yanked',
    rule: 'SIGNER, yanked: deny',
    release: (world, name) => world.release(name, '2.0', { listed: { yanked: 'broken' } }),
  },
  {
    code: 'project-status',
    rule: 'SIGNER, status: { archived: deny }',
    async release(world, name) {
      const released = await world.release(name, '2.0')
      world.upstream.setStatus(name, 'archived')
      return released
    },
  },
  { code: 'no-rule', rule: 'none', release: (world, name) => world.release(name, '2.0') },
  { code: 'no-rule', rule: 'none', release: (world, name) => world.release(name, '2.0', { attested: false }) },
]

/** What nobody may. */
export const REFUSED_FOR_GOOD: readonly RefusalCase[] = [
  {
    code: 'digest-mismatch',
    rule: 'SIGNER',
    release: (world, name) => world.release(name, '2.0', { tamper: 'content' }),
  },
  { code: 'rule-denies', rule: 'deny: "not here"', release: (world, name) => world.release(name, '2.0') },
  {
    code: 'project-quarantined',
    rule: 'SIGNER',
    async release(world, name) {
      const released = await world.release(name, '2.0')
      world.upstream.setStatus(name, 'quarantined')
      return released
    },
  },
  {
    code: 'digest-missing',
    rule: 'SIGNER',
    release: (world, name) => world.release(name, '2.0', { listed: { entry: { hashes: {} } } }),
  },
  {
    // what is forged is told as that, whatever else is wrong with it
    code: 'digest-mismatch',
    rule: 'SIGNER, yanked: deny',
    release: (world, name) => world.release(name, '2.0', { listed: { yanked: 'broken' }, tamper: 'content' }),
  },
  {
    // also where there is no rule, which would not help
    code: 'digest-mismatch',
    rule: 'none',
    release: (world, name) => world.release(name, '2.0', { tamper: 'content' }),
  },
]

/** A policy under which each of them is refused, and that says whom to ask. */
export function policyOfCases(cases: readonly (RefusalCase & { readonly project: string })[]): string {
  const rules = cases.flatMap(({ project, rule }) =>
    rule === 'none' ? [] : [`  - { match: ${project}, ${rule.replace('SIGNER', signer(project))} }`],
  )
  return [
    'version: 1',
    'contact: { name: Us, url: "mailto:us@acme.example?subject={code}" }',
    'projects:',
    ...rules,
    '',
  ].join('\n')
}
