import { errorCode } from '../domain/base/error-code.ts'
import { ERRORS } from '../domain/base/errors.ts'
import { LIMITS } from '../domain/base/limits.ts'
import type { GateEvent } from './events.ts'
import { cleanValue, subjectWithoutSecrets, withoutSecrets } from './without-secrets.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'

/**
 * One line of the log: a constant message, facts of our own, and apart from them, under `untrusted`, what somebody else
 * wrote, without secrets.
 */
export interface LogLine {
  readonly level: Level
  readonly message: string
  readonly fields: { readonly untrusted?: unknown; readonly [name: string]: unknown }
}

/** Asked every few seconds by machines; a line for each would hide the others. One that fails is told. */
export const PROBES: readonly string[] = ['healthz', 'readyz', 'metrics']

/** What an operator reads about an event. */
export function logLine(event: GateEvent): LogLine {
  switch (event.type) {
    case 'request':
      return requestLine(event)
    case 'verdict': {
      const {
        outcome,
        code,
        project,
        sha256,
        rule,
        client,
        subject,
        index,
        ms,
        explain,
        wouldRefuse,
        filename,
        identity,
      } = event
      const untrusted = cleanValue({ filename, identity })
      return line('info', outcome, {
        code,
        project,
        sha256,
        rule,
        client: withoutSecrets(client),
        subject: subject && subjectWithoutSecrets(subject),
        index,
        ms: round(ms),
        explain,
        would_refuse: wouldRefuse,
        untrusted,
      })
    }
    case 'unknown':
      return unknownLine(event)
    case 'limited': {
      const { limit, subject, address } = event
      return line('warn', 'a limit was reached', {
        limit,
        subject: subject && subjectWithoutSecrets(subject),
        address: address === undefined ? undefined : withoutSecrets(address),
        detail: LIMITS[limit],
      })
    }
    case 'journal-dropped': {
      const { verdicts, until } = event
      return line('warn', 'the journal is full: its oldest entries were dropped', {
        verdicts,
        until: new Date(until).toISOString(),
      })
    }
    case 'alarm': {
      const { alarm, detail, untrusted } = event
      return line('error', 'ALARM', { alarm, detail: withoutSecrets(detail), untrusted: cleanValue(untrusted) })
    }
    case 'upstream': {
      const { what, status, ms } = event
      const failed = status === 'failed' || status >= 500
      return line(failed ? 'warn' : 'debug', 'asked the upstream', { what, status, ms: round(ms) })
    }
    case 'verification': {
      const { outcome, ms, queued } = event
      return line(outcome === 'unknown' ? 'warn' : 'debug', 'verified a provenance', { outcome, ms: round(ms), queued })
    }
    case 'index-warning': {
      const { project, detail, untrusted } = event
      return line('warn', 'the index has a doubtful page', { project, detail, untrusted: cleanValue(untrusted) })
    }
    case 'notice': {
      const { action, host, notice, detail } = event
      const untrusted = cleanValue({ detail })
      return line(action === 'sent' ? 'info' : 'warn', NOTICE_LINES[action], { host, notice, untrusted })
    }
    case 'forgotten': {
      const { what, project, filename, reason } = event
      return line('warn', 'let go of what was remembered', {
        what,
        project,
        untrusted: cleanValue({ filename, reason }),
      })
    }
    case 'no-pep740-upstream':
      return line('warn', 'the upstream seems to know no PEP 740', { detail: withoutSecrets(event.detail) })
    case 'policy':
      return policyLine(event)
    case 'policy-warning':
      return line('warn', 'the policy has a doubtful place', { detail: withoutSecrets(event.detail) })
    case 'config-warning':
      return line('warn', 'the configuration is doubtful', { detail: withoutSecrets(event.detail) })
    case 'trust':
      return trustLine(event)
    case 'blob': {
      const { action, bytes, total } = event
      if (action === 'lost')
        return line('warn', 'a file did not reach the disk before a stop; it is fetched again', { bytes, total })
      return line('debug', BLOB_LINES[action], { bytes, total })
    }
    case 'lifecycle':
      return line('info', event.action, { detail: withoutSecrets(event.detail) })
    default:
      return event satisfies never
  }
}

function line(level: Level, message: string, fields: LogLine['fields']): LogLine {
  return { level, message, fields }
}

function requestLine(event: Extract<GateEvent, { type: 'request' }>): LogLine {
  const { method, route, status, ms, bytes, accel, client, subject, url } = event
  const quiet = status < 400 && PROBES.includes(route)
  return line(quiet ? 'debug' : 'info', 'request', {
    method,
    route,
    status,
    ms: round(ms),
    bytes,
    ...(accel === 0 ? {} : { accel }),
    client: withoutSecrets(client), // a header, where a proxy is believed
    subject: subject && subjectWithoutSecrets(subject),
    untrusted: { url: withoutSecrets(url) },
  })
}

/** A request that makes no sense is the client's business; what should have been answered is ours. */
function unknownLine(event: Extract<GateEvent, { type: 'unknown' }>): LogLine {
  const { code, detail, route, id, cause, untrusted } = event
  const fields = {
    code,
    detail: withoutSecrets(detail),
    route,
    id: id === '' ? undefined : id,
    untrusted: foreign(untrusted, cause),
  }
  if (code === 'unknown-bug') return line('error', 'internal error', { ...fields, stack: stackOf(cause) })
  return line(statusOf(code) < 500 ? 'debug' : 'warn', 'cannot tell', fields)
}

function statusOf(code: string): number {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS].status : 500
}

function policyLine({ action, digest, before, files, diagnostics }: Extract<GateEvent, { type: 'policy' }>): LogLine {
  if (action === 'rejected')
    return line('error', 'the changed policy was rejected; the last good one stays in force', {
      digest,
      files,
      diagnostics,
    })
  return line('info', action === 'loaded' ? 'policy in force' : 'changed policy in force', { digest, before, files })
}

function trustLine({ action, digest, detail }: Extract<GateEvent, { type: 'trust' }>): LogLine {
  const fields = { digest, detail: withoutSecrets(detail) }
  switch (action) {
    case 'loaded':
      return line('info', 'trust root in force', fields)
    case 'refreshed':
      return line('info', 'trust root refreshed', fields)
    case 'failed':
      return line('warn', 'the trust root could not be refreshed', fields)
    case 'stale':
      return line('error', 'the trust root is unusable: what rests on attestations is answered 503', fields)
    default:
      return action satisfies never
  }
}

/** The message of a cause repeats what an upstream sent, now and then. */
function foreign(value: unknown, cause: unknown): unknown {
  if (value === undefined && cause === undefined) return undefined
  return { value: cleanValue(value), cause: cause === undefined ? undefined : causes(cause) }
}

/** Down to the fourth. */
function causes(cause: unknown): readonly string[] {
  const told: string[] = []
  for (let next: unknown = cause; next !== undefined && told.length < 4; ) {
    told.push(withoutSecrets(describeCause(next)))
    next = next instanceof Error ? next.cause : undefined
  }
  return told
}

function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return `a thrown ${typeof cause}`
  const code = errorCode(cause)
  return `${cause.name}: ${cause.message}${code === undefined ? '' : ` (${code})`}`
}

/** Where it happened, without the message. */
function stackOf(cause: unknown): readonly string[] | undefined {
  if (!(cause instanceof Error)) return undefined
  const frames = cause.stack?.split('\n').map(frame => frame.trim())
  return frames?.filter(frame => frame.startsWith('at ')).slice(0, 8)
}

/** Microseconds are enough. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

const NOTICE_LINES = {
  sent: 'told a webhook',
  failed: 'a webhook could not be told; it is tried again',
  dead: 'a webhook could not be told, and is not tried any more (portcullis notify list --dead)',
  dropped: 'there was no room for a notice; nobody is told',
  stopped: 'the receiver of a webhook is gone; nothing is sent there any more (portcullis notify retry)',
} as const

const BLOB_LINES = {
  stored: 'stored a file',
  evicted: 'evicted a file',
  uploaded: 'brought a file to the bucket',
  fetched: 'fetched a file from the bucket',
} as const
