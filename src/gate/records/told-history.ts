import type { z } from 'zod'
import { parseSha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant, type Instant, instant } from '../../domain/base/instant.ts'
import type { TrustRootName } from '../../domain/identity/attestation.ts'
import { type Claims, optionalClaims } from '../../domain/identity/claims.ts'
import type { SignerKey } from '../../domain/identity/signer.ts'
import type { Proof } from '../../domain/memory/history.ts'
import type { SeenProject } from '../../domain/memory/project-memory.ts'
import type { ProjectStatus } from '../../domain/packaging/artifact.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { parseVersion } from '../../domain/packaging/version.ts'
import type { Frozen } from '../../protocol/api/operation.ts'
import type { history as shape } from '../../protocol/api/told-shapes.ts'

/** What was seen of a project as it crosses the network. */
export type ToldHistory = Frozen<z.output<typeof shape>>

type ToldFile = ToldHistory['files'][number]

/** As much of it as is shown. */
export type ShownProject = Pick<SeenProject, 'project' | 'status' | 'lastRead' | 'files'>

export function tellHistory(project: string, index: string, seen: SeenProject | undefined): ToldHistory {
  if (seen === undefined) return { project, index, status: null, last_read: null, signers: [], files: [] }
  const signers = new Map<SignerKey, { readonly at: number; readonly root: string }>()
  const files = seen.files.map(file => ({
    filename: file.filename,
    version: file.version,
    sha256: file.sha256 ?? null,
    uploaded: timeOr(file.uploaded),
    first_seen: formatInstant(file.firstSeen),
    last_seen: formatInstant(file.lastSeen),
    absent: timeOr(file.absent),
    missed: timeOr(file.missed),
    offered: timeOr(file.offered),
    is_fleeting: file.isFleeting,
    proved: file.proof === undefined ? null : tellProof(file.proof, signers),
  }))
  return {
    project: seen.project,
    index,
    status: seen.status,
    last_read: formatInstant(seen.lastRead),
    signers: [...signers].map(([key, { root }]) => ({ key, root })),
    files,
  }
}

function tellProof(
  { signer, claims, root, at, signedAt }: Proof,
  signers: Map<SignerKey, { readonly at: number; readonly root: string }>,
): NonNullable<ToldFile['proved']> {
  const known = signers.get(signer) ?? { at: signers.size, root }
  signers.set(signer, known)
  const { san, ...rest } = claims
  const said = Object.entries(rest).filter((claim): claim is [string, string] => claim[1] !== undefined)
  return {
    at: formatInstant(at),
    signed_at: formatInstant(signedAt),
    signer: known.at,
    claims: { ...Object.fromEntries(said), san: san.value },
    san_kind: san.kind,
  }
}

/** `undefined` where its page was never read. Throws `unknown-upstream` for what no gate of this kind says. */
export function readHistory(told: ToldHistory): ShownProject | undefined {
  const project = tryProjectName(told.project)
  if (told.last_read === null || told.status === null) return undefined
  if (project === undefined) throw strange()
  return {
    project,
    status: told.status as ProjectStatus,
    lastRead: timeIn(told.last_read),
    files: told.files.map(file => {
      const version = parseVersion(file.version)
      if (version === undefined) throw strange()
      return {
        filename: file.filename,
        version,
        sha256: parseSha256(file.sha256 ?? ''),
        yanked: undefined,
        uploaded: maybeTime(file.uploaded),
        firstSeen: timeIn(file.first_seen),
        lastSeen: timeIn(file.last_seen),
        absent: maybeTime(file.absent),
        missed: maybeTime(file.missed),
        offered: maybeTime(file.offered),
        isFleeting: file.is_fleeting,
        proof: file.proved === null ? undefined : readProof(file.proved, told.signers),
      }
    }),
  }
}

function readProof(
  { at, signed_at, signer, claims, san_kind }: NonNullable<ToldFile['proved']>,
  signers: ToldHistory['signers'],
): Proof {
  const who = signers[signer]
  const { san, issuer } = claims
  if (who === undefined || san === undefined || issuer === undefined) throw strange()
  const read: Claims = {
    ...optionalClaims(name => (Object.hasOwn(claims, name) ? claims[name] : undefined)),
    san: { kind: san_kind, value: san },
    issuer,
  }
  return {
    signer: who.key as SignerKey,
    root: who.root as TrustRootName,
    claims: read,
    at: timeIn(at),
    signedAt: timeIn(signed_at),
  }
}

function timeOr(at: Instant | undefined): string | null {
  return at === undefined ? null : formatInstant(at)
}

function timeIn(text: string): Instant {
  return instant(Date.parse(text))
}

function maybeTime(text: string | null): Instant | undefined {
  return text === null ? undefined : timeIn(text)
}

function strange(): GateError {
  return new GateError('unknown-upstream', 'the gate told a history that makes no sense: it may be of another version')
}
