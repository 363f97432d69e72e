import type { GateEvent } from './events.ts'
import { PROBES, round } from './log-line.ts'
import { subjectWithoutSecrets, withoutSecrets } from './without-secrets.ts'

/** Texts that are remembered in their written form. */
const MOST_TEXTS = 2_048
/** characters; longer ones are somebody's experiment */
const LONGEST_TEXT = 512

/**
 * The lines that come with every request, `request` and `verdict`, put together by hand: the same line as the general way
 * would write (a test holds this), for a tenth of the time. `undefined` for every other event.
 */
export function createFrequentLines(timestamp: () => string): (event: GateEvent) => string | undefined {
  /** `undefined` is left out, as JSON does */
  const ours = remembering(text => JSON.stringify(text))
  const foreign = remembering(text => JSON.stringify(withoutSecrets(text)))
  const named = remembering(text => JSON.stringify(subjectWithoutSecrets(text)))

  function requestLine(event: Extract<GateEvent, { type: 'request' }>): string {
    const { method, route, status, ms, bytes, accel, client, subject, url } = event
    const inFront = accel === 0 ? '' : `,"accel":${number(accel)}`
    const who = subject === undefined ? '' : `,"subject":${named(subject)}`
    return `{"level":"info"${timestamp()},"method":${ours(method)},"route":${ours(route)},"status":${number(status)},"ms":${number(round(ms))},"bytes":${number(bytes)}${inFront},"client":${foreign(client)}${who},"untrusted":{"url":${foreign(url)}},"msg":"request"}\n`
  }

  function verdictLine(event: Extract<GateEvent, { type: 'verdict' }>): string {
    const { outcome, code, project, sha256, rule, client, subject, index, ms, explain, filename, identity } = event
    const who = subject === undefined ? '' : `,"subject":${named(subject)}`
    const at = index === undefined ? '' : `,"index":${ours(index)}`
    const file = sha256 === undefined ? '' : `,"sha256":${ours(sha256)}`
    const by = rule === undefined ? '' : `,"rule":${ours(rule)}`
    const told = explain === undefined ? '' : `,"explain":${ours(explain)}`
    const signer = identity === undefined ? '' : `,"identity":${foreign(identity)}`
    return `{"level":"info"${timestamp()},"code":${ours(code)},"project":${ours(project)}${file}${by},"client":${foreign(client)}${who}${at},"ms":${number(round(ms))}${told},"untrusted":{"filename":${foreign(filename)}${signer}},"msg":"${outcome}"}\n`
  }

  return event => {
    if (event.type === 'verdict') return verdictLine(event)
    if (event.type !== 'request') return undefined
    return event.status < 400 && PROBES.includes(event.route) ? undefined : requestLine(event)
  }
}

/** What is no number is null, as JSON has it. */
function number(value: number): string {
  return Number.isFinite(value) ? `${value}` : 'null'
}

/** `write` depends on its text alone, so what it gave may be given again. */
function remembering(write: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>()
  return text => {
    const before = known.get(text)
    if (before !== undefined) return before
    const written = write(text)
    if (text.length > LONGEST_TEXT) return written
    if (known.size >= MOST_TEXTS) known.clear()
    known.set(text, written)
    return written
  }
}
