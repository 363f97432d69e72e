import { Buffer } from 'node:buffer'
import { sha256Of } from '../../src/domain/base/digest.ts'
import {
  createWorld,
  defaultIdentity,
  type Published,
  publisherText,
  type ReleaseRequest,
  type Scope,
  type World,
} from '../world/world.ts'

/** Which of the two policies: under `strict` some of what `open` admits is denied or revoked. */
export type PolicyName = 'open' | 'strict'

/** What a file may be admitted by: a policy, or what somebody approves and withdraws again. */
export type Admission = PolicyName | 'approval'

/** A file, and what is true of it. */
export interface KnownFile extends Published {
  /** what it is admitted by, while that is in force */
  readonly admittedBy: readonly Admission[]
  /** of a project about which nobody ever lies */
  readonly isHonest: boolean
}

/** Everything that a checker has to know: what there is, what policy says of it, and what the index says when it is honest. */
export interface Truth {
  readonly world: World
  readonly files: readonly KnownFile[]
  readonly byPath: ReadonlyMap<string, KnownFile>
  readonly byDigest: ReadonlyMap<string, KnownFile>
  /** sha256 of bytes that the upstream has and nobody may get, whatever the policy */
  readonly neverWhole: ReadonlySet<string>
  readonly policies: Readonly<Record<PolicyName, string>>
  /** projects whose files are admitted by every policy, and about which nobody lies */
  readonly honest: readonly string[]
  /** of honest projects too: what lies cold, so that there is always something to fetch */
  readonly cold: readonly KnownFile[]
  /** projects that are admitted, and about which the index lies now and then */
  readonly liedAbout: readonly string[]
  /** files of `bare` whose bytes are text: one is nothing, the other says that it is METADATA of this wheel */
  /** refused by every policy, until somebody approves it */
  readonly approvable: KnownFile
  /** projects of two releases by two signers, of which whoever is proved first is the one */
  readonly faces: readonly string[]
  readonly texts: { readonly plain: KnownFile; readonly posing: KnownFile; readonly wheel: KnownFile }
  filesOf(project: string): readonly KnownFile[]
  /** the page of a project in JSON, as the index has it while it is honest */
  pageOf(project: string): IndexPage
}

/** As far as lies are told about it. */
export interface IndexPage {
  meta: { '_last-serial': number; 'api-version': string }
  name: string
  'project-status'?: { status: string }
  files: IndexEntry[]
}

export interface IndexEntry {
  filename: string
  url: string
  hashes: Record<string, string>
  size?: number
  provenance?: string | null
  'core-metadata'?: { sha256: string } | boolean
  'data-dist-info-metadata'?: { sha256: string } | boolean
  yanked: boolean | string
}

export const HONEST = ['calmone', 'calmtwo', 'calmlarge'] as const
export const LIED_ABOUT = ['liedone', 'liedtwo', 'liedthree', 'liedfour', 'liedfive', 'liedsix'] as const
/** `index.internal`: never asked for outside */
export const INTERNAL = 'innermost'
/** With what the gate shows itself to the upstream; nobody else may ever read it. */
export const SECRET = 'nemesis-secret-7c1f'
const COLD = 'cold'
const BOTH: readonly PolicyName[] = ['open', 'strict']
const UNTIL = '2099-01-01'

/** An index of signed and unsigned, altered, denied, revoked and exempted files; every one of a kind is a kind of the checker's. */
export async function createTruth(scope: Scope, { faces = 0 } = {}): Promise<Truth> {
  const world = await createWorld(scope)
  const files: KnownFile[] = []

  async function publish(
    project: string,
    version: string,
    admittedBy: readonly Admission[],
    request: ReleaseRequest = {},
  ): Promise<readonly KnownFile[]> {
    const release = await world.release(project, version, request)
    const isHonest = !/^(?:lied|face|approvable)/.test(project)
    const known = release.files.map(file => ({ ...file, admittedBy, isHonest }))
    files.push(...known)
    return known
  }

  for (const project of HONEST.slice(0, 2))
    for (const version of ['1.0', '1.1']) await publish(project, version, BOTH, { padTo: 20_000 })
  const requires = Array.from({ length: 20_000 }, (_, number) => `dependency-with-a-long-name-${number}`)
  await publish('calmlarge', '1.0', BOTH, { kinds: ['wheel'], padTo: 3_000_000, requires })
  for (const project of LIED_ABOUT) for (const version of ['1.0', '2.0']) await publish(project, version, BOTH)
  for (let number = 0; number < 24; number += 1)
    await publish(COLD, `1.${number}`, BOTH, { kinds: ['wheel'], padTo: number % 6 === 0 ? 1_500_000 : 30_000 })
  await publish('flips', '1.0', ['open'])
  const [revoked] = await publish('revocable', '1.0', ['open'], { kinds: ['wheel'] })
  const [exempt] = await publish('exempt', '1.0', BOTH, { kinds: ['wheel'], attested: false })
  const [approvable] = await publish('approvable', '1.0', ['approval'], {
    kinds: ['wheel'],
    attested: false,
    padTo: 30_000,
  })
  if (revoked === undefined || exempt === undefined || approvable === undefined)
    throw new TypeError('a release has files')
  await publish('bare', '1.0', [], { attested: false, padTo: 50_000 })
  await publish('impostor', '1.0', [], { identity: defaultIdentity('elsewhere', '1.0') })
  await publish('altered', '1.0', [], { tamper: 'content' })
  await publish('denied', '1.0', [])
  await publish('ruleless', '1.0', [])
  await publish(INTERNAL, '1.0', [])
  // admitted, and nobody can have it: other bytes come than the ones that were signed
  for (const padTo of [1_000, 400_000]) await publish('swapped', `1.${padTo}`, BOTH, { tamper: 'transfer', padTo })
  const twoFaced = Array.from({ length: faces }, (_, number) => `face${number}`)
  for (const project of twoFaced)
    for (const [version, signer] of [
      ['1.0', project],
      ['1.1', 'elsewhere'],
    ] as const)
      await publish(project, version, BOTH, { kinds: ['wheel'], identity: defaultIdentity(signer, version) })
  const texts = addTexts(world, files)
  const neverWhole = await servedOtherwise(world, files)
  const pages = await pagesOf(world, files)
  world.upstream.forgetRequests()
  const page = (project: string): IndexPage => {
    const text = pages.get(project)
    if (text === undefined) throw new TypeError(`there is no page of ${project}`)
    return JSON.parse(text) as IndexPage
  }
  return {
    world,
    files,
    byPath: new Map(files.map(file => [file.path, file])),
    byDigest: new Map(files.map(file => [file.sha256, file])),
    neverWhole,
    policies: { open: policyText('open', exempt, revoked), strict: policyText('strict', exempt, revoked) },
    honest: HONEST,
    cold: files.filter(({ project }) => project === COLD),
    liedAbout: LIED_ABOUT,
    approvable,
    faces: twoFaced,
    texts,
    filesOf: project => files.filter(file => file.project === project),
    pageOf: page,
  }
}

/** Refused files that could pass for something else: their bytes are text. */
function addTexts(world: World, files: KnownFile[]): Truth['texts'] {
  const wheel = files.find(({ project, kind }) => project === LIED_ABOUT[0] && kind === 'wheel')
  if (wheel === undefined) throw new TypeError('a release has a wheel')
  const add = (filename: string, text: string): KnownFile => {
    const bytes = Buffer.from(text)
    world.upstream.add('bare', { filename, bytes, provenance: undefined })
    const known: KnownFile = {
      project: 'bare',
      version: '1.0',
      kind: 'sdist',
      filename,
      sha256: sha256Of(bytes),
      bytes,
      metadata: Buffer.alloc(0),
      provenance: undefined,
      path: world.upstream.pathOf('bare', filename),
      admittedBy: [],
      isHonest: true,
    }
    files.push(known)
    return known
  }
  const said = wheel.metadata.toString()
  return {
    plain: add('bare-7.0.tar.gz', 'no archive, no METADATA: the text of a file that is refused\n'.repeat(40)),
    posing: add('bare-8.0.tar.gz', `${said}Requires-Dist: refused-${'x'.repeat(40)}\n\nrefused\n`),
    wheel,
  }
}

/** What the upstream sends where it sends other bytes than it announces. */
async function servedOtherwise(world: World, files: readonly KnownFile[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const { path, sha256 } of files) {
    const bytes = new Uint8Array(await (await fetch(`${world.upstream.filesOrigin}${path}`)).arrayBuffer())
    if (sha256Of(bytes) !== sha256) found.add(sha256Of(bytes))
  }
  return found
}

async function pagesOf(world: World, files: readonly KnownFile[]): Promise<ReadonlyMap<string, string>> {
  const projects = [...new Set(files.map(({ project }) => project))]
  const pages = new Map<string, string>()
  for (const project of projects)
    pages.set(project, await (await fetch(`${world.upstream.origin}/simple/${project}/`)).text())
  return pages
}

/** JSON is YAML. */
function policyText(name: PolicyName, exempt: KnownFile, revoked: KnownFile): string {
  const signed = [
    ...HONEST,
    ...LIED_ABOUT,
    COLD,
    'revocable',
    'exempt',
    'approvable',
    'bare',
    'impostor',
    'altered',
    'swapped',
    INTERNAL,
  ]
  const ruleOf = (project: string): object => ({
    match: project,
    publishers: [publisherText(defaultIdentity(project, '1.0'))],
  })
  const flips = name === 'open' ? ruleOf('flips') : { match: 'flips', deny: 'not under this policy' }
  return JSON.stringify(
    {
      version: 1,
      mode: 'enforce',
      defaults: { attestation: 'required', unmatched: 'deny' },
      projects: [
        ...signed.map(ruleOf),
        ruleOf('huge'),
        { match: 'face*', identity: 'first-seen' },
        { match: 'denied', deny: 'by name' },
        flips,
      ],
      exemptions: [
        {
          id: 'EX-1',
          project: 'exempt',
          files: { [exempt.filename]: `sha256:${exempt.sha256}` },
          waive: ['attestation'],
          reason: 'it never was attested',
          owner: 'platform@acme.example',
          expires: UNTIL,
        },
      ],
      ...(name === 'strict' ? { revocations: [{ sha256: revoked.sha256, reason: 'for this run' }] } : {}),
    },
    undefined,
    1,
  )
}
