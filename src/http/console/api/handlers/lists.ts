import { GateError } from '../../../../domain/base/errors.ts'
import { parseDistFilename } from '../../../../domain/packaging/filename.ts'
import { parseProjectName } from '../../../../domain/packaging/name.ts'
import { compareVersions, parseVersion } from '../../../../domain/packaging/version.ts'
import type { AuditAction } from '../../../../ports/console/audit-log.ts'
import type { DownloadSums, GroupFilter, JournalFilter, LedgerRows } from '../../../../ports/console/ledger.ts'
import type { ApiParts } from '../api-parts.ts'
import type { Call, Handlers } from '../call.ts'
import { assertEveryIndex, type Caller, indexToList } from '../caller.ts'
import { cursorOf, readCursor } from '../cursor.ts'
import { momentOf, tellAudit, tellDownload, tellGroup, tellProject, tellRow } from './as-told.ts'

type Lists = 'listProjects' | 'listRefusals' | 'listWouldRefuse' | 'listJournal' | 'listDownloads' | 'listAudit'

/** What was written down, in pages. */
export function listHandlers({ ledger, audit }: ApiParts): Handlers<Lists> {
  return {
    async listProjects({ query, caller }) {
      assertEveryIndex(caller)
      const { text } = query
      return paged(await ledger.projects(text === undefined ? {} : { text }, pageOf(query)), tellProject)
    },
    async listRefusals({ query, caller }) {
      return paged(await ledger.refusals(groupFilter(query, caller), pageOf(query)), tellGroup)
    },
    async listWouldRefuse({ query, caller }) {
      return paged(await ledger.wouldRefuse(groupFilter(query, caller), pageOf(query)), tellGroup)
    },
    async listJournal({ query, caller }) {
      return paged(await ledger.journal(journalFilter(query, caller), pageOf(query)), tellRow)
    },
    async listDownloads({ query, caller }) {
      const isWanted = ofVersion(query)
      const { rows, next } = await ledger.downloads(journalFilter(query, caller), pageOf(query))
      return paged({ rows: rows.filter(isWanted), next }, tellDownload)
    },
    async listAudit({ query, caller }) {
      assertEveryIndex(caller)
      const { action, actor, text, since, until, cursor, limit } = query
      const after = readCursor('audit', cursor)
      const before = after === undefined ? undefined : Number(after)
      if (before !== undefined && !Number.isSafeInteger(before)) throw new GateError('bad-call', 'cursor: is none')
      const rows = await audit.rows(
        {
          // whatever is no action is none that anything was
          action: action as AuditAction | undefined,
          actor,
          text,
          since: since === undefined ? undefined : momentOf(since),
          until: until === undefined ? undefined : momentOf(until),
        },
        { before, limit },
      )
      const last = rows.at(-1)
      const next = rows.length < limit || last === undefined ? null : cursorOf('audit', `${last.sequence}`)
      return { items: rows.map(tellAudit), next }
    },
  }
}

function pageOf({ cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number }) {
  return { cursor, limit }
}

function paged<Row, Item>({ rows, next }: LedgerRows<Row>, tell: (row: Row) => Item) {
  return { items: rows.map(tell), next: next ?? null }
}

function groupFilter(query: Call<'listRefusals'>['query'], caller: Caller): GroupFilter {
  const { project, since, index, code, rule, subject } = query
  return told({
    project: project === undefined ? undefined : parseProjectName(project),
    code,
    rule,
    subject,
    index: indexToList(caller, index),
    since: since === undefined ? undefined : momentOf(since),
  })
}

function journalFilter(
  query: Omit<Call<'listJournal'>['query'], 'outcome' | 'kind'> &
    Partial<Pick<Call<'listJournal'>['query'], 'outcome' | 'kind'>>,
  caller: Caller,
): JournalFilter {
  const { project, since, until, index, source, filename, sha256, subject, client, identity, commit, code, rule } =
    query
  return told({
    project: project === undefined ? undefined : parseProjectName(project),
    filename,
    sha256,
    subject,
    client,
    identity,
    commit,
    code,
    rule,
    source,
    outcome: query.outcome,
    kind: query.kind,
    index: indexToList(caller, index),
    since: since === undefined ? undefined : momentOf(since),
    until: until === undefined ? undefined : momentOf(until),
  })
}

type Present<Value> = { readonly [Key in keyof Value]?: Exclude<Value[Key], undefined> }

/** What is said; a filter that is not there filters nothing. */
function told<Value extends object>(value: Value): Present<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, said]) => said !== undefined)) as Present<Value>
}

/** @throws GateError `bad-call` for what is no version, or of no project */
function ofVersion({ project, version }: Call<'listDownloads'>['query']): (row: DownloadSums) => boolean {
  if (version === undefined) return () => true
  const wanted = parseVersion(version)
  if (project === undefined || wanted === undefined) throw new GateError('bad-call', 'version: is one of a project')
  const name = parseProjectName(project)
  return ({ filename }) => {
    const own = parseDistFilename(filename, name)?.version
    return own !== undefined && compareVersions(own, wanted) === 0
  }
}
