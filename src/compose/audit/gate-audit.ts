import { hash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Config } from '../../config/schema.ts'
import { showConfig, shownDocument } from '../../config/show.ts'
import { indexesOf } from '../../config/sources.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { describeRevoked } from '../../domain/policy/compare-policies.ts'
import type { Policies } from '../../gate/policy/policies.ts'
import type { Events, GateEvent } from '../../observe/events.ts'
import type { AuditAction, AuditEntry, AuditLog, AuditRecords } from '../../ports/console/audit-log.ts'

/** After something that could not be written, ms. */
const AGAIN_MS = 5_000
/** What waits at most; there is a row for each reload. */
const MOST = 1_000
const PAGE = 500

interface Options {
  readonly clock: Clock
  /** the same text without any secret of the configuration */
  readonly clean: (text: string) => string
}

/** A gate that serves, as far as the log says what it goes by. */
interface Running {
  readonly config: Config
  readonly version: string
  /** each with the files or folders that it is read from */
  readonly policies: readonly { readonly paths: readonly string[]; readonly policies: Pick<Policies, 'current'> }[]
  /** digests of what is in force at the indexes that go by a policy: the policy with what was approved there */
  readonly inForce: (policy: Pick<Policies, 'current'>) => readonly string[]
  readonly events: Events
}

type Log = AuditLog & Pick<AuditRecords, 'rows'>

/** An entry, or what turns out to be some when the log can be read. */
type Due = AuditEntry | (() => Promise<readonly AuditEntry[]>)

/**
 * What a gate does by itself and people answer for: the configuration and the policies that it goes by, and what they revoke. It hears of
 * reloads as an event. Where the log cannot be written the gate serves on; what is due waits, and is said on /readyz.
 */
export interface GateAudit extends Events {
  /** From now on it is written, with what came before. */
  begin(log: Log, running: Running): void
  /** what is not written yet, after it could not be; `undefined`: nothing */
  warning(): string | undefined
  /** how much is not written yet, after it could not be */
  waiting(): number
  /** Tries once more. */
  close(): Promise<void>
}

export function createGateAudit({ clock, clean }: Options): GateAudit {
  const due: Due[] = []
  const gate = hostname()
  let left = 0
  let failure: GateError | undefined
  let writing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let began: { readonly log: Log; readonly running: Running } | undefined
  /** the alarm of a database that was begun anew, and the log with it */
  let begunAnew: string | undefined

  function entry(
    action: AuditAction,
    { target, why, detail = {} }: Pick<AuditEntry, 'target'> & Partial<Pick<AuditEntry, 'why' | 'detail'>>,
  ): AuditEntry {
    const told = Object.entries({ ...detail, gate }).map(([key, value]) => [key, clean(value)] as const)
    const reason = why === undefined ? undefined : clean(why)
    const words = { target: clean(target), why: reason, detail: Object.fromEntries(told) }
    return { at: clock(), action, actor: 'gate', from: 'gate', ...words }
  }

  function add(...more: readonly Due[]): void {
    for (const one of more) {
      if (due.length < MOST) due.push(one)
      else left += 1
    }
    write()
  }

  function write(): void {
    if (began === undefined || writing !== undefined || timer !== undefined || due.length === 0) return
    writing = writeOut(began.log).finally(() => {
      writing = undefined
      if (failure !== undefined) again()
    })
  }

  function again(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      write()
    }, AGAIN_MS).unref()
  }

  async function writeOut(log: Log): Promise<void> {
    try {
      for (let [next] = due; next !== undefined; [next] = due) {
        if (typeof next === 'function') due.splice(0, 1, ...(await next()))
        else {
          await log.append(next)
          due.shift()
        }
      }
      failure = undefined
    } catch (error) {
      tell(error)
    }
  }

  function tell(error: unknown): void {
    const isFirst = failure === undefined
    failure =
      error instanceof GateError
        ? error
        : new GateError('unknown-store', 'the audit log could not be written', { cause: error })
    const { code, detail, cause } = failure
    if (isFirst)
      began?.running.events.emit({
        type: 'unknown',
        code,
        detail,
        route: 'background',
        untrusted: undefined,
        cause,
        id: '',
      })
  }

  function hear(event: GateEvent): void {
    if (event.type === 'alarm' && event.alarm === 'database-set-aside') begunAnew = event.detail
    if (event.type !== 'policy') return
    const { action, digest, before, files, diagnostics } = event
    const detail = { files: files.join(' '), ...(before === undefined ? {} : { before }) }
    if (action === 'rejected') add(withInForce(entry('policy-kept', { target: digest, why: diagnostics[0], detail })))
    else {
      add(withInForce(entry(action === 'loaded' ? 'policy-loaded' : 'policy-reloaded', { target: digest, detail })))
      if (began !== undefined) add(revocationsOf(began.log, began.running, digest))
    }
  }

  /** An entry about a policy's own files says what is in force by then, where that is more: what was approved lies over them. */
  function withInForce(row: AuditEntry): Due {
    return async () => {
      const { policies = [], inForce = () => [] } = began?.running ?? {}
      const own = policies.filter(({ policies: its }) => its.current().digest === row.target)
      const digests = new Set(own.flatMap(({ policies: its }) => inForce(its)).filter(digest => digest !== row.target))
      return [digests.size === 0 ? row : { ...row, detail: { ...row.detail, in_force: [...digests].join(' ') } }]
    }
  }

  /** What the policies revoke now and did not when the log was written last, and the other way round; by their files. */
  function revocationsOf(log: Log, { policies }: Running, digest?: string): () => Promise<readonly AuditEntry[]> {
    return async () => {
      const known = await inForce(log)
      const meant = policies.filter(({ policies: its }) => digest === undefined || its.current().digest === digest)
      return meant.flatMap(({ paths, policies: its }) => {
        const policy = clean(paths.join(' '))
        const now = new Map(its.current().revocations.map(one => [clean(describeRevoked(one.what)), one]))
        const before = known.get(policy) ?? new Set()
        const came = [...now].filter(([target]) => !before.has(target))
        const gone = [...before].filter(target => !now.has(target))
        return [
          ...came.map(([target, { reason }]) =>
            entry('revocation', { target, why: reason, detail: { change: CAME, policy } }),
          ),
          ...gone.map(target => entry('revocation', { target, detail: { change: 'left', policy } })),
        ]
      })
    }
  }

  function notWritten(): number {
    return failure === undefined ? 0 : due.length + left
  }

  return {
    emit: hear,
    begin(log, running) {
      began = { log, running }
      const { config, version } = running
      const indexes = indexesOf(config).map(({ name, path, mode }) => `${name} at ${path === '' ? '/' : path}, ${mode}`)
      const configured = entry('configured', {
        target: digestOf(config),
        detail: {
          version,
          node: process.version,
          indexes: indexes.join('; '),
          ...(begunAnew === undefined ? {} : { begun_anew: begunAnew }),
        },
      })
      due.unshift(configured)
      add(revocationsOf(log, running))
    },
    waiting: notWritten,
    warning() {
      if (failure === undefined) return undefined
      const waiting = notWritten()
      return `${waiting} of what this gate did ${waiting === 1 ? 'is' : 'are'} not in the audit log yet: ${failure.detail}`
    },
    async close() {
      await writing
      clearTimeout(timer)
      timer = undefined
      write()
      await writing
      clearTimeout(timer)
    },
  }
}

const CAME = 'came into force'

/** What was in force when the log was written last, by the policy's files. */
async function inForce(log: Pick<AuditRecords, 'rows'>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const known = new Map<string, Map<string, boolean>>()
  for (let before: number | undefined; ; ) {
    const rows = await log.rows({ action: 'revocation' }, { before, limit: PAGE })
    for (const { target, detail } of rows) {
      const { policy = '', change } = detail
      const its = known.get(policy) ?? new Map<string, boolean>()
      known.set(policy, its)
      // the newest come first
      if (!its.has(target)) its.set(target, change === CAME)
    }
    if (rows.length < PAGE) break
    before = rows.at(-1)?.sequence
  }
  return new Map([...known].map(([policy, its]) => [policy, new Set([...its].flatMap(([one, is]) => (is ? one : [])))]))
}

/** sha256 of the configuration as `config show --format json` has it, on one line: secrets are masked in it. */
function digestOf(config: Config): string {
  return hash('sha256', JSON.stringify(shownDocument(showConfig({ config, origins: new Map() }))))
}
