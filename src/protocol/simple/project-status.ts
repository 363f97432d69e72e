import { cut } from '../../domain/base/cut.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { ProjectStatus } from '../../domain/packaging/artifact.ts'
import { isJsonObject } from '../text/json.ts'
import type { ProjectIndex } from './project-index.ts'

/** The index says something of the project that nobody can read: what it said before is not true any more. */
export class UnreadableStatus extends GateError {
  constructor(untrusted: unknown) {
    super('unknown-upstream', 'the index gives the project a status that is none of PEP 792', { untrusted })
  }
}

/** The strictest first. */
const STATUSES: readonly ProjectStatus[] = ['quarantined', 'archived', 'deprecated', 'active']
const LONGEST_REASON = 4_096

type Status = Pick<ProjectIndex, 'status' | 'statusReason'>

/**
 * The project's status (PEP 792) from every place where indexes put it: the page itself, as the PEP says, and its `meta`. Of
 * two the stricter holds. Absent is active; what is there and cannot be read throws {@link UnreadableStatus}, because a
 * quarantine may be meant.
 */
export function readStatus(...places: readonly unknown[]): Status {
  const [strictest] = places
    .flatMap(place => readMarker(place) ?? [])
    .sort((a, b) => STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status))
  return strictest ?? { status: 'active', statusReason: undefined }
}

function readMarker(place: unknown): Status | undefined {
  if (place === undefined || place === null) return undefined
  if (!isJsonObject(place)) throw new UnreadableStatus(place)
  const { status: marker, reason } = place
  if (marker === undefined) return undefined
  const status = STATUSES.find(known => known === marker)
  if (status === undefined) throw new UnreadableStatus(marker)
  return { status, statusReason: typeof reason === 'string' ? cut(reason, LONGEST_REASON) : undefined }
}
