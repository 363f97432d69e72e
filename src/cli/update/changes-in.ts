import { resolve } from 'node:path'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { describeIdentity, identityOf } from '../../domain/identity/identity.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Explain } from '../../gate/explain/explain.ts'
import type { Growing } from '../../gate/explain/extend-policy.ts'
import type { LeftOut } from '../../gate/explain/observe-locks.ts'
import type { Survey } from '../../gate/explain/survey.ts'
import type { Updated } from '../../gate/explain/update-policy.ts'
import { countDownloads } from '../../gate/records/watched-files.ts'
import type { Records } from '../../ports/records.ts'
import type { Offered } from '../../protocol/amend/add-offered.ts'
import { clausesOf, type PolicyTexts, saidIn } from '../../protocol/amend/policy-texts.ts'
import type { ExemptionChange, PolicyUpdate, ReleaseChange, TextChange } from '../report/policy-update.ts'
import type { SignedOffer } from './offers-for.ts'

interface Outcome {
  readonly look: Survey
  readonly start: Growing
  readonly updated: Updated
  readonly offers: readonly SignedOffer[]
  readonly leftOut: readonly LeftOut[]
  readonly now: Instant
  readonly policy: readonly string[]
}

/** Days of which downloads are counted. */
const COUNTED = 90 * 86_400_000

/** What became of a policy, with what a person asks of each release: how old it is, who took it, what was before. */
export async function changesIn(
  { look, start, updated, offers, leftOut, now, policy }: Outcome,
  explain: Pick<Explain, 'history'>,
  records: Pick<Records, 'journal'> | undefined,
): Promise<PolicyUpdate> {
  const pinned = [...updated.pinned, ...takenIn(updated, offers)]
  const wanted = new Set(pinned.flatMap(({ hashes }) => [...hashes]))
  const downloads = records === undefined ? undefined : await countDownloads(records, instant(now - COUNTED), wanted)
  const seen: Seen = { downloads, signers: signersOf(look, offers), policy: start.policy, explain }
  const releases = Map.groupBy(pinned, ({ project, version, exemption }) => `${project}==${version} ${exemption}`)
  return {
    signers: updated.named,
    releases: await Promise.all([...releases.values()].map(async own => await describe(own, seen))),
    rules: updated.rules,
    exemptions: exemptionsIn(updated),
    renewed: updated.renewed,
    removed: updated.removed,
    leftOut: [...leftOut, ...updated.leftOut, ...updated.unusable.map(unusable)],
    texts: changedTexts(start.texts, updated.texts),
    now,
    policy,
  }
}

interface PinnedFiles {
  readonly project: ProjectName
  readonly version: Version
  readonly hashes: ReadonlySet<Sha256>
  readonly exemption: string
  readonly waive: readonly string[]
}

function takenIn({ taken }: Updated, offers: readonly Offered[]): readonly PinnedFiles[] {
  return taken.flatMap(({ project, filename, exemption, waive }) => {
    const version = parseDistFilename(filename, project)?.version
    const offer = offers.find(it => it.filename === filename && it.project === project)
    const sha256 = parseSha256(offer?.sha256 ?? '')
    return version === undefined || sha256 === undefined
      ? []
      : [{ project, version, hashes: new Set([sha256]), exemption, waive }]
  })
}

/** Who signed what, in a few words, by the sha256 of the file. */
function signersOf(look: Survey, offers: readonly SignedOffer[]): ReadonlyMap<string, string> {
  const looked = look.flatMap(({ explanation: { file, signed } }): readonly (readonly [string, string])[] =>
    file.sha256 === undefined || signed === undefined
      ? []
      : [[file.sha256, describeIdentity(identityOf(signed.attestations[0].facts.claims))]],
  )
  const offered = offers.flatMap(({ sha256, signer }): readonly (readonly [string, string])[] =>
    sha256 === undefined || signer === undefined ? [] : [[sha256, signer]],
  )
  return new Map([...looked, ...offered])
}

/** What is known besides what is pinned. */
interface Seen {
  readonly downloads: ReadonlyMap<string, number> | undefined
  readonly signers: ReadonlyMap<string, string>
  /** as it was */
  readonly policy: Policy
  readonly explain: Pick<Explain, 'history'>
}

async function describe(
  own: readonly PinnedFiles[],
  { downloads, signers, policy, explain }: Seen,
): Promise<ReleaseChange> {
  const [first] = own
  if (first === undefined) throw new TypeError('a group has a member')
  const { project, version, exemption, waive } = first
  const hashes = new Set(own.flatMap(it => [...it.hashes]))
  const history = await explain.history(project)
  return {
    project,
    version,
    exemption,
    waive,
    files: hashes.size,
    released: history.releasedAt(version),
    downloads:
      downloads === undefined ? undefined : [...hashes].reduce((sum, hash) => sum + (downloads.get(hash) ?? 0), 0),
    signers: [...new Set([...hashes].flatMap(hash => signers.get(hash) ?? []))],
    expected: (policy.ruleFor(project)?.publishers ?? []).map(({ label }) => label),
    attestedBefore: history.attestedBefore(version, 'project', 'together')?.version,
    attestedBeside: history.attestedInRelease(version) !== undefined,
  }
}

function exemptionsIn({ texts, exemptions, taken }: Updated): readonly ExemptionChange[] {
  const fresh = new Set([...exemptions, ...taken.map(({ exemption }) => exemption)])
  return clausesOf(texts, 'exemptions').flatMap(({ name, value }) =>
    fresh.has(name)
      ? [
          {
            id: name,
            owner: saidIn(value, 'owner'),
            expires: saidIn(value, 'expires'),
            pins: saidIn(value, 'pins') || undefined,
          },
        ]
      : [],
  )
}

function unusable({ filename }: Offered): LeftOut {
  return {
    filename,
    why: 'the gate offered no exemption when it refused it',
    remedy: 'Ask for the file again, or name a lock that has it.',
  }
}

/** Pins come first: the policy names them. */
function changedTexts(before: PolicyTexts, after: PolicyTexts): readonly TextChange[] {
  const was = new Map(before.yaml.map(({ path, text }) => [path, text]))
  const pins = [...after.pins].map(([path, text]) => ({
    path,
    before: before.pins.get(path),
    after: text === '' ? undefined : text,
  }))
  const yaml = after.yaml.map(({ path, text }) => ({ path: resolve(path), before: was.get(path), after: text }))
  const changed = [...pins, ...yaml].filter(it => it.before !== it.after)
  return changed.toSorted((a, b) => Number(a.after === undefined) - Number(b.after === undefined))
}
