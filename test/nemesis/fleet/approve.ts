import { randomBytes } from 'node:crypto'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { Version } from '../../../src/domain/packaging/version.ts'
import { approvalText } from '../../../src/domain/requests/approval.ts'
import type { AccessRequest } from '../../../src/ports/console/requests.ts'
import { withSharedRequests } from '../../../src/store/postgres/with-database.ts'
import type { KnownFile } from '../truth.ts'

const DAY = 86_400_000
const MOST = { own: 1_000, all: 1_000 }

/** Asks for a file and approves it, in the database that gates share, past all of them. */
export async function approve(
  database: string,
  file: KnownFile,
): Promise<{
  /** false: it was none any more */
  withdraw(): Promise<boolean>
}> {
  const request = requestFor(file)
  const { id } = request
  const decided = { by: 'user:grace', email: undefined, at: now(), words: '', ticket: undefined }
  const ends = instant(now() + DAY)
  const yaml = approvalText({
    id,
    project: parseProjectName(file.project),
    version: file.version as Version,
    files: [{ filename: file.filename, sha256: digestOf(file), waive: ['attestation'] }],
    needsRule: false,
    reason: 'for this run',
    owner: 'user:grace',
    ticket: undefined,
    ends,
  })
  const approval = { extent: 'file', ends, yaml } as const
  await withSharedRequests(database, async requests => {
    await requests.ask(request, MOST)
    await requests.decide(id, 'open', 'approved', { ...decided, approval })
  })
  return {
    withdraw: async () =>
      await withSharedRequests(
        database,
        async requests => await requests.decide(id, 'approved', 'withdrawn', { ...decided, approval }),
      ),
  }
}

function now(): Instant {
  return instant(Date.now())
}

function digestOf({ bytes }: KnownFile): Sha256 {
  return sha256Of(bytes)
}

function requestFor(file: KnownFile): AccessRequest {
  const { project, version, filename } = file
  const id = randomBytes(6).toString('hex')
  return {
    id,
    refusal: id,
    kind: 'file',
    index: 'main',
    project,
    version,
    filename,
    sha256: digestOf(file),
    code: 'unattested',
    reason: 'for this run',
    by: { subject: 'anonymous', email: 'ada@acme.example', address: '192.0.2.1' },
    at: now(),
    state: 'open',
    decision: undefined,
  }
}
