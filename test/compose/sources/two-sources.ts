import type { Test } from 'tap'
import type { Clock } from '../../../src/domain/base/instant.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { createWorld, type World } from '../../world/world.ts'

/** Whoever signs what is public and well. */
export const TOOLS = { kind: 'github', repository: 'acme/tools', workflow: 'release.yml', ref: 'refs/tags/v1' } as const

/** One name that is owned, as clients and people may write it. */
export const SPELLINGS = [
  'acme-core',
  'acme_core',
  'acme.core',
  'ACME-CORE',
  'Acme_Core',
  'acme--core',
  'acme__core',
  'acme..core',
  'acme-_core',
  'acme_.core',
  'aCmE-cOrE',
  'acme-Core',
  'Acme-core',
  'ACME_core',
  'acme.CORE',
  'acme_-_core',
  'acme.-core',
  'acme._core',
  'acme-.core',
  'acme---core',
] as const

/** Everything of the company’s passes, everything else that the right one signed. */
export const POLICY = `version: 1
projects:
  - match: "acme-*"
    attestation: optional
  - match: "open-*"
    attestation: optional
  - match: "*"
    publishers: [{ kind: github, repository: acme/tools, workflow: release.yml }]
`

/** A company's index and a public one, each with files and attestations of its own. */
export interface Sources {
  readonly acme: World
  readonly pypi: World
}

export async function createSources(t: Test): Promise<Sources> {
  return { pypi: await createWorld(t), acme: await createWorld(t) }
}

export interface TwoSourcesChanges {
  /** what `acme` owns */
  readonly owns?: readonly string[]
  /** below the folder of the public world */
  readonly data?: string
  readonly clock?: Clock
  readonly policy?: string
  /** until a source that says nothing is given up; default: as for everybody */
  readonly timeout?: string
}

/** A gate over both, the company's before the public one. */
export async function startOver(t: Test, { acme, pypi }: Sources, changes: TwoSourcesChanges = {}): Promise<WorldGate> {
  const { owns = [], data = 'data', clock, policy = POLICY, timeout = '10s' } = changes
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin], timeout })
  return await startGate(t, pypi, {
    policy,
    ...(clock === undefined ? {} : { clock }),
    configuration: {
      upstream: undefined,
      data: `${pypi.folder}/${data}`,
      sources: { acme: { ...source(acme), owns }, pypi: source(pypi) },
    },
  })
}

/** One answer of a gate, whole. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, { redirect: 'manual', ...init })
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) }
}
