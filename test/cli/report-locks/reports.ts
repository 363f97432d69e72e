import type { Reported } from '../../../src/cli/report-locks/tell.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import type { SignerKey } from '../../../src/domain/identity/signer.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion, type Version } from '../../../src/domain/packaging/version.ts'
import { compareLocks } from '../../../src/gate/report/compare-locks.ts'
import type { Evidence, ReleaseFacts } from '../../../src/gate/report/release-facts.ts'
import { summariseReleases } from '../../../src/gate/report/summarise-releases.ts'

const DAY = 86_400_000
export const NOW = instant(Date.parse('2026-11-28T12:00:00Z'))
const THEN = instant(NOW - 500 * DAY)
const YOUNG = millis(7 * DAY)

const versionOf = (text: string): Version => parseVersion(text) ?? ('' as Version)

export function signedBy(repository: string): Evidence {
  const signer = {
    key: repository as SignerKey,
    issuer: 'https://token.actions.githubusercontent.com',
    san: `https://github.com/${repository}/.github/workflows/release.yml@refs/tags/v1`,
    repository,
    workflow: 'release.yml',
    ref: 'refs/tags/v1',
    name: `${repository} release.yml`,
  }
  return { kind: 'attested', signer, signedAt: THEN, logIndex: '7', nameable: true }
}

export const BARE: Evidence = { kind: 'unattested', silent: false }

export function release(
  name: string,
  text: string,
  evidence: Evidence = BARE,
  more: Partial<ReleaseFacts> & { readonly yanked?: string } = {},
): ReleaseFacts {
  const { yanked = false, ...rest } = more
  return {
    project: parseProjectName(name),
    version: versionOf(text),
    status: 'active',
    files: [{ filename: `${name}-${text}.tar.gz`, sha256: 'a'.repeat(64), uploaded: THEN, yanked, evidence }],
    released: THEN,
    tenure: undefined,
    tenureUnknown: undefined,
    attestedBefore: undefined,
    attestedAfter: undefined,
    ...rest,
  }
}

export function reported(
  releases: readonly ReleaseFacts[],
  before?: readonly ReleaseFacts[],
  more: Partial<Reported> = {},
): Reported {
  return {
    locks: ['uv.lock'],
    against: before === undefined ? [] : ['old.lock'],
    releases,
    summary: summariseReleases(releases),
    changes: before === undefined ? undefined : compareLocks(releases, before, { young: YOUNG, now: NOW }),
    asides: [],
    ended: [],
    now: NOW,
    young: YOUNG,
    ...more,
  }
}
