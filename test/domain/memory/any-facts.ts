import fc, { type Arbitrary } from 'fast-check'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import type { FindingKey, LearnedFinding } from '../../../src/domain/memory/findings.ts'
import { type Facts, learn, ProjectMemory, type ProvedFile } from '../../../src/domain/memory/project-memory.ts'
import type { ListedFile, PageRead, PageReading, SettledFile, Sighting } from '../../../src/domain/memory/sighting.ts'
import { type ProjectName, parseProjectName } from '../../../src/domain/packaging/name.ts'
import { fileOf, PKG, proved } from '../../store/facts.ts'
import { attested, bundle } from '../../world/judging/judging.ts'

/** Few names, few contents, few times, some far apart: so that what is drawn meets often. */
const FILENAMES = ['pkg-1.0.tar.gz', 'pkg-1.0-py3-none-any.whl', 'pkg-2-4.tar.gz', 'pkg.txt'] as const
const CONTENTS = ['first', 'second', 'third'] as const
const STATUSES = ['active', 'archived', 'quarantined'] as const
const WHYS = ['signature-invalid', 'digest-mismatch'] as const

export const KEYS: readonly FindingKey[] = FILENAMES.slice(0, 2).flatMap(filename =>
  ['root', 'any'].map(trustDigest => ({ sha256: sha256Of(filename), filename, trustDigest })),
)

export const anyTime: Arbitrary<Instant> = fc
  .tuple(fc.integer({ min: 1_000, max: 1_020 }), fc.constantFrom(0, 600_000))
  .map(([near, far]) => instant(near + far))
const anyTimeOrNone = fc.option(anyTime, { nil: undefined })

const anyListed: Arbitrary<ListedFile> = fc
  .record({
    filename: fc.constantFrom(...FILENAMES),
    content: fc.constantFrom(...CONTENTS),
    given: fc.boolean(),
    uploaded: anyTimeOrNone,
    offered: fc.boolean(),
    yanked: fc.boolean(),
  })
  .map(({ filename, content, given, ...rest }) => {
    const file = fileOf(filename, `${filename} ${content}`)
    return { ...file, ...rest, sha256: given ? file.sha256 : undefined }
  })

export const anyPage: Arbitrary<PageRead> = fc.record({
  at: anyTime,
  status: fc.constantFrom(...STATUSES),
  files: fc.array(anyListed, { maxLength: 5 }),
  unread: fc.array(fc.option(fc.constantFrom(...FILENAMES), { nil: undefined }), { maxLength: 2 }),
})

export const anyProved: Arbitrary<ProvedFile> = fc
  .record({ filename: fc.constantFrom(...FILENAMES.slice(0, 3)), at: anyTime, signedAt: anyTime })
  .map(({ filename, at, signedAt }) => {
    const file = proved(filename, at)
    return { ...file, proof: { ...file.proof, signedAt } }
  })

export const anyFinding: Arbitrary<LearnedFinding> = fc.record({
  key: fc.constantFrom(...KEYS),
  found: anyTime,
  finding: fc.oneof(
    fc.constantFrom('integrity' as const, 'index' as const).map(said => ({ kind: 'unattested' as const, said })),
    fc.constantFrom(...WHYS).map(why => ({ kind: 'invalid' as const, why, detail: why })),
    fc.constantFrom('1', '2').map(logIndex => attested(bundle({ facts: [{ logIndex }] }))),
  ),
})

/** Bytes of a file that a page lists, or of nobody's. */
const anySettled: Arbitrary<SettledFile> = fc
  .record({ filename: fc.constantFrom(...FILENAMES), content: fc.constantFrom(...CONTENTS), at: anyTime })
  .map(({ filename, content, at }) => ({ filename, sha256: sha256Of(`${filename} ${content}`), at }))

export const anyFacts: Arbitrary<Facts> = fc.record(
  {
    page: anyPage,
    reread: anyTime,
    serial: fc.nat(5),
    serialAt: anyTime,
    agreed: fc.array(anySettled, { maxLength: 2 }),
    settled: fc.array(anySettled, { maxLength: 2 }),
    proofs: fc.array(anyProved, { maxLength: 3 }),
    findings: fc.array(anyFinding, { maxLength: 3 }),
  },
  { requiredKeys: [] },
)

/** What a gate knows after it learned whatever it did. */
export const anyMemory: Arbitrary<ProjectMemory> = fc.array(anyFacts, { maxLength: 6 }).map(facts => learnAll(facts))

export function learnAll(facts: readonly Facts[], project: ProjectName = PKG): ProjectMemory {
  return facts.reduce((memory, each) => learn(memory, each).memory, ProjectMemory.of(project))
}

/** A sighting of one file, consistent with itself or not. */
export const anySighting: Arbitrary<Sighting> = fc
  .record({
    content: fc.constantFrom(...CONTENTS),
    given: fc.boolean(),
    other: fc.option(fc.record({ value: fc.constantFrom(...CONTENTS).map(sha256Of), since: anyTime }), {
      nil: undefined,
    }),
    firstSeen: anyTime,
    uploaded: anyTimeOrNone,
    offered: anyTimeOrNone,
    offering: anyTimeOrNone,
    absent: anyTimeOrNone,
    missed: anyTimeOrNone,
    gone: anyTimeOrNone,
    yanked: anyTimeOrNone,
    asOf: anyTime,
  })
  .map(({ content, given, ...times }) => {
    const { filename, sha256, path, version } = fileOf('pkg-1.0.tar.gz', content)
    return { filename, path, version, sha256: given ? sha256 : undefined, ...times }
  })

export const anyReading: Arbitrary<PageReading | undefined> = fc.option(
  fc.record({
    lastRead: anyTime,
    status: fc.constantFrom(...STATUSES),
    statusSince: anyTime,
    whole: fc.option(fc.record({ first: anyTime, last: anyTime }), { nil: undefined }),
  }),
  { nil: undefined },
)

export const ANY_PROJECTS: readonly ProjectName[] = ['pkg', 'pkg-2'].map(name => parseProjectName(name))
