import { formatInstant, type Instant, instant } from '../../../../domain/base/instant.ts'
import { describeRevocation } from '../../../../domain/policy/compare-policies.ts'
import { countPins } from '../../../../domain/policy/exemptions.ts'
import type { Exemption } from '../../../../domain/policy/policy.ts'
import type { RuleRef } from '../../../../domain/policy/rule-ref.ts'
import { findRevokedFiles } from '../../../../gate/revoked/revoked-files.ts'
import type { ApiParts } from '../api-parts.ts'
import type { Handlers } from '../call.ts'
import { momentOf, tellDownload } from './as-told.ts'
import { indexAsked, tellPolicy } from './index-of.ts'

/** What the policy in force lets through for a while, and what it takes back. */
export function standingHandlers(parts: ApiParts): Handlers<'listExemptions' | 'listRevocations'> {
  const { clock, ledger } = parts
  return {
    async listExemptions({ query, caller }) {
      const index = indexAsked(parts, caller, query.index)
      const good = await index.policy()
      const before = query.ends_before === undefined ? undefined : momentOf(query.ends_before)
      const items = good.contents.exemptions
        .filter(({ ends }) => before === undefined || ends <= before)
        .sort((one, other) => one.ends - other.ends)
      return {
        index: index.name,
        policy: tellPolicy(index, good),
        items: items.map(exemption => tellExemption(exemption, clock())),
      }
    },
    async listRevocations({ query, caller }) {
      const index = indexAsked(parts, caller, query.index)
      const good = await index.policy()
      const isOneOfSeveral = parts.indexes.length > 1 // rows from before there were several name none
      const found = await index.askRecords(async records =>
        findRevokedFiles(records, good.policy.revocations, filter =>
          ledger.downloads(isOneOfSeveral ? { ...filter, index: index.name } : filter, { limit: 500 }),
        ),
      )
      return {
        index: index.name,
        policy: tellPolicy(index, good),
        items: found.map(({ revocation, files, downloads, more }) => ({
          revocation: describeRevocation(revocation),
          reason: revocation.reason,
          place: baseOf(revocation.ref),
          files: files.map(({ filename, sha256, held }) => ({ filename, sha256, held })),
          downloads: downloads.map(tellDownload),
          more,
        })),
      }
    },
  }
}

function tellExemption(exemption: Exemption, now: Instant) {
  const { id, pins, pinsFile, waive, owner, ticket, reason, ends, ref } = exemption
  const files = [...pins.values()].flatMap(own => (own.by === 'file' ? [...own.files] : []))
  const projects = [...pins.keys()]
  return {
    id,
    project: pinsFile === undefined ? (projects[0] ?? null) : null,
    files: Object.fromEntries(files.map(([filename, digest]) => [filename, `sha256:${digest}`])),
    pins:
      pinsFile === undefined
        ? null
        : { file: pinsFile.slice(pinsFile.lastIndexOf('/') + 1), projects, files: countPins(exemption) },
    projects,
    pinned: countPins(exemption),
    waive: [...waive],
    owner,
    ticket: ticket ?? null,
    reason,
    ends: formatInstant(instant(ends)),
    ended: ends <= now,
    rule: ref.id,
    place: baseOf(ref),
  }
}

function baseOf({ file, line }: RuleRef) {
  return { file: file.slice(file.lastIndexOf('/') + 1), line }
}
