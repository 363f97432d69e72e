import type { Release, World } from '../test/world/world.ts'

/** One package, what happened to it, and what the gate must say. */
export interface Story {
  readonly project: string
  readonly version: string
  readonly told: string
  readonly admitted: boolean
  readonly code: string | undefined
  publish(world: World): Promise<Release>
}

const identity = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml', ref: 'refs/tags/v1.0' } as const
const kinds = ['wheel'] as const

export const stories: readonly Story[] = [
  {
    project: 'demo-attested',
    version: '1.0',
    told: 'published by acme/demo’s release workflow, with an attestation',
    admitted: true,
    code: undefined,
    publish: world => world.release('demo-attested', '1.0', { identity, kinds }),
  },
  {
    project: 'demo-plain',
    version: '1.0',
    told: 'uploaded without an attestation',
    admitted: false,
    code: 'unattested',
    publish: world => world.release('demo-plain', '1.0', { identity, kinds, attested: false }),
  },
  {
    project: 'demo-tampered',
    version: '1.0',
    told: 'the index offers other bytes than the ones that were signed',
    admitted: false,
    code: 'digest-mismatch',
    publish: world => world.release('demo-tampered', '1.0', { identity, kinds, tamper: 'content' }),
  },
  {
    project: 'demo-impostor',
    version: '1.0',
    told: 'a valid attestation, by somebody else’s repository',
    admitted: false,
    code: 'publisher-mismatch',
    publish: world =>
      world.release('demo-impostor', '1.0', { identity: { ...identity, repository: 'mallory/demo' }, kinds }),
  },
]

/** The same of a name that the company owns, or that looks like one. */
export interface CompanyStory extends Omit<Story, 'version' | 'publish'> {
  /** what is typed after `pip install` */
  readonly requirement: string
  publish(indexes: { readonly company: World; readonly open: World }): Promise<unknown>
}

const mallory = { ...identity, repository: 'mallory/acme' } as const

export const companyStories: readonly CompanyStory[] = [
  {
    project: 'acme-core',
    requirement: 'acme-core',
    told: 'ours is 1.0, at our own index; somebody put 9.0 under the same name where everybody may publish',
    admitted: true,
    code: undefined,
    async publish({ company, open }) {
      await company.release('acme-core', '1.0', { kinds, attested: false })
      await open.release('acme-core', '9.0', { kinds, identity: mallory })
    },
  },
  {
    project: 'acmecore',
    requirement: 'acmecore==1.0',
    told: 'well signed, under a name that somebody could take for ours',
    admitted: false,
    code: 'confusable',
    publish: ({ open }) => open.release('acmecore', '1.0', { kinds, identity: mallory }),
  },
]

/** The first two, as `pip-compile --generate-hashes` would lock them. */
export function lockText(published: readonly Release[]): string {
  const files = published.slice(0, 2).flatMap(release => release.files)
  return files.map(({ project, version, sha256 }) => `${project}==${version} --hash=sha256:${sha256}\n`).join('')
}
