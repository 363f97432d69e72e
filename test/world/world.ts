import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Distribution, type DistributionRequest, makeSdist, makeWheel } from './index/distributions.ts'
import { startUpstream, type Upstream, type UpstreamOptions } from './index/upstream.ts'
import type { UpstreamFile } from './index/upstream-project.ts'
import type { SigningIdentity } from './signing/identity.ts'
import { type Alterations, type BundleJson, createSigningWorld, type SigningWorld } from './signing/signing.ts'

/** Whatever tears down: a tap test, or a demo that does it itself. */
export interface Scope {
  teardown(action: () => unknown): void
}

export interface WorldOptions extends UpstreamOptions {
  /** freezes the signing world's clocks */
  readonly at?: Date
}

export interface ReleaseRequest extends Omit<DistributionRequest, 'name' | 'version'> {
  /** default: both */
  readonly kinds?: readonly Distribution['kind'][]
  /** which kinds have provenance; `true`, the default, is all and `false` none */
  readonly attested?: boolean | readonly Distribution['kind'][]
  /** who signs; default `acme/<project>`, release.yml, refs/tags/v<version> */
  readonly identity?: SigningIdentity
  /** default publish alone */
  readonly predicates?: readonly ('publish' | 'slsa')[]
  /**
   * `content`: the bytes changed after they were signed, and the index announces the changed ones.
   * `transfer`: the index announces what was signed, the bytes that come are others.
   */
  readonly tamper?: 'content' | 'transfer'
  readonly alter?: Alterations
  /** bundles beside the right one, in the document's order after it */
  readonly moreBundles?: readonly BundleJson[]
  /** what the upstream says of every file of the release */
  readonly listed?: Partial<Omit<UpstreamFile, 'filename' | 'bytes'>>
}

/** A file as it was published. `sha256` and `bytes` are what the index announces, before any tampering on the way. */
export interface Published {
  readonly project: string
  readonly version: string
  readonly kind: Distribution['kind']
  readonly filename: string
  readonly sha256: string
  readonly bytes: Buffer
  readonly metadata: Buffer
  readonly provenance: Buffer | undefined
  /** `/packages/…` */
  readonly path: string
}

export interface Release {
  readonly files: readonly Published[]
  readonly wheel: Published
  readonly sdist: Published
}

/** An index with its own Sigstore, and everything that a gate in front of it needs. */
export interface World {
  readonly signing: SigningWorld
  readonly upstream: Upstream
  /** gone when the scope is */
  readonly folder: string
  /** path of trusted_root.json */
  readonly trustRoot: string
  /** path of the policy file that {@link World.writePolicy} wrote last */
  readonly policy: string
  release(project: string, version: string, request?: ReleaseRequest): Promise<Release>
  /** A rule for every project released so far: its first signer, `attestation: required`; unmatched names are denied. */
  policyText(): string
  /** Writes a policy to `policy`; default {@link World.policyText}. */
  writePolicy(text?: string): string
  /** the configuration, as the YAML file would hold it, of a gate in front of this upstream */
  configuration(): Readonly<Record<string, unknown>>
}

export async function createWorld(scope: Scope, options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-world-'))
  scope.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const signing = await createSigningWorld(options.at === undefined ? {} : { at: options.at })
  const upstream = await startUpstream(options)
  scope.teardown(() => upstream.close())
  const signers = new Map<string, SigningIdentity>()
  const trustRoot = join(folder, 'trusted_root.json')
  const policy = join(folder, 'policy.yaml')
  writeFileSync(trustRoot, signing.trustedRootJson)

  const policyText = (): string => renderPolicy(signers)
  const writePolicy = (text = policyText()): string => {
    writeFileSync(policy, text)
    return policy
  }
  writePolicy()

  const sign = async (
    distribution: Distribution,
    identity: SigningIdentity,
    leaf: Awaited<ReturnType<SigningWorld['leaf']>>,
    { predicates = ['publish'], alter, moreBundles = [] }: ReleaseRequest,
  ): Promise<Buffer> => {
    const { filename, sha256 } = distribution
    const attestations = await Promise.all(
      predicates.map(predicate =>
        signing.attest({ filename, sha256, identity, leaf, predicate, ...(alter === undefined ? {} : { alter }) }),
      ),
    )
    return signing.provenance([{ publisher: signing.publisher(identity), attestations }, ...moreBundles])
  }

  return {
    signing,
    upstream,
    folder,
    trustRoot,
    policy,
    policyText,
    writePolicy,
    async release(project, version, request = {}) {
      const identity = request.identity ?? defaultIdentity(project, version)
      if (!signers.has(project)) signers.set(project, identity)
      const leaf = await signing.leaf(identity, request.alter?.leaf)
      const files: Published[] = []
      for (const kind of request.kinds ?? (['wheel', 'sdist'] as const)) {
        const distribution = (kind === 'wheel' ? makeWheel : makeSdist)({ ...request, name: project, version })
        const provenance = isAttested(kind, request) ? await sign(distribution, identity, leaf, request) : undefined
        const announced =
          request.tamper === 'content' ? tampered(distribution, { ...request, name: project, version }) : distribution
        upstream.add(project, {
          filename: announced.filename,
          bytes: announced.bytes,
          metadata: announced.metadata,
          requiresPython: request.requiresPython,
          provenance,
          ...request.listed,
        })
        const path = upstream.pathOf(project, announced.filename)
        if (request.tamper === 'transfer') {
          const { bytes } = tampered(distribution, { ...request, name: project, version })
          upstream.replace(project, announced.filename, { bytes })
        }
        files.push({ ...announced, project, version, provenance, path })
      }
      return releaseOf(files)
    },
    configuration: () => ({
      listen: '127.0.0.1:0',
      data: dataFolder(folder),
      policy: [policy],
      upstream: {
        index: upstream.origin,
        files: [upstream.filesOrigin],
        integrity: upstream.integrityOrigin,
        // longer than a busy machine keeps an answer: what says nothing is given less where it is meant
        timeout: '60s',
      },
      trust: { root: trustRoot },
    }),
  }
}

function dataFolder(folder: string): string {
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  return data
}

/** Who signs a project's release unless a test says otherwise. */
export function defaultIdentity(project: string, version: string): SigningIdentity {
  return { kind: 'github', repository: `acme/${project}`, workflow: 'release.yml', ref: `refs/tags/v${version}` }
}

function isAttested(kind: Distribution['kind'], { attested = true }: ReleaseRequest): boolean {
  return typeof attested === 'boolean' ? attested : attested.includes(kind)
}

/** The same release with something slipped in: it installs just as well. */
function tampered({ kind }: Distribution, request: DistributionRequest): Distribution {
  const slipped = { ...request, files: { ...request.files, 'slipped_in.py': 'print("not what was signed")\n' } }
  return kind === 'wheel' ? makeWheel(slipped) : makeSdist(slipped)
}

function releaseOf(files: readonly Published[]): Release {
  const only = (kind: Distribution['kind']): Published => {
    const file = files.find(candidate => candidate.kind === kind)
    if (file === undefined) throw new Error(`the release has no ${kind}`)
    return file
  }
  return {
    files,
    get wheel() {
      return only('wheel')
    },
    get sdist() {
      return only('sdist')
    },
  }
}

function renderPolicy(signers: ReadonlyMap<string, SigningIdentity>): string {
  const projects = [...signers].map(
    ([project, identity]) =>
      `  - match: ${JSON.stringify(project)}\n    publishers: [${JSON.stringify(publisherText(identity))}]\n`,
  )
  const rules = projects.length === 0 ? '' : `projects:\n${projects.join('')}`
  return `version: 1\nmode: enforce\ndefaults:\n  attestation: required\n  unmatched: deny\n${rules}`
}

/** An identity as a policy names it. */
export function publisherText(identity: SigningIdentity): Readonly<Record<string, unknown>> {
  switch (identity.kind) {
    case 'github':
      return { kind: 'github', repository: identity.repository, workflow: identity.workflow }
    case 'gitlab':
      return { kind: 'gitlab', project: identity.project, config: identity.config ?? '.gitlab-ci.yml' }
    case 'google':
      return { kind: 'google', email: identity.email }
    case 'circleci':
      return { kind: 'circleci', project_id: identity.projectId, pipeline_definition_id: identity.definitionId }
    default:
      return identity satisfies never
  }
}
