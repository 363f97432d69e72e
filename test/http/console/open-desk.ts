import type { Test } from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { type Console, type ConsoleOptions, createConsole } from '../../../src/http/console/console.ts'
import { mintSecret } from '../../../src/http/console/sign-in/session-keeper.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { AuditEntry } from '../../../src/ports/console/audit-log.ts'
import type { Role, Session, Sessions, SignInLink } from '../../../src/ports/console/sessions.ts'
import { type Browser, createBrowser } from '../../world/people/browser.ts'

/** The console alone, over sessions in memory: its clock, its log and its routes are in the test's hands. */
export interface Desk {
  readonly url: string
  readonly console: Console
  readonly events: GateEvent[]
  readonly audit: AuditEntry[]
  now: Instant
  /** a link that signs in once */
  link(role: Role): Promise<string>
  /** somebody who is signed in */
  person(role: Role): Promise<Browser>
}

export async function openDesk(
  t: Test,
  changes: Partial<ConsoleOptions> & { readonly routes?: (console: Console) => void } = {},
): Promise<Desk> {
  const { routes, ...options } = changes
  const events: GateEvent[] = []
  const audit: AuditEntry[] = []
  const sessions = memorySessions(audit)
  const time = { now: instant(Date.UTC(2027, 0, 1, 9)) }
  const opened = createConsole({
    publicUrl: undefined,
    issuer: undefined,
    roles: { viewer: undefined, approver: [], admin: [] },
    sessions,
    auditLog: {
      async append(entry) {
        audit.push(entry)
        return { ...entry, sequence: audit.length, hash: '', previous: '' }
      },
    },
    trustProxy: [],
    events: { emit: event => void events.push(event) },
    clock: () => time.now,
    clean: text => text,
    ...options,
  })
  t.teardown(() => opened.close())
  routes?.(opened)
  const url = await opened.listen({ host: '127.0.0.1', port: 0 })
  async function link(role: Role): Promise<string> {
    const secret = mintSecret()
    const person = { subject: `user:${role}@acme.example`, email: `${role}@acme.example`, name: undefined, role }
    await sessions.offer(sha256Of(secret), { person, ends: instant(time.now + 600_000) })
    return `${url}/link/${secret}`
  }
  return {
    url,
    console: opened,
    events,
    audit,
    get now() {
      return time.now
    },
    set now(at) {
      time.now = at
    },
    link,
    async person(role) {
      const browser = createBrowser(t)
      await browser.post(await link(role), {}, { follow: false })
      return browser
    },
  }
}

function memorySessions(audit: AuditEntry[]): Sessions {
  const open = new Map<Sha256, { readonly session: Session; used: number }>()
  const links = new Map<Sha256, SignInLink>()
  const writeDown = (entry: AuditEntry | undefined): void => {
    if (entry !== undefined) audit.push(entry)
  }
  return {
    async begin(hash, session, entry) {
      writeDown(entry)
      open.set(hash, { session, used: session.began })
    },
    async find(hash, now, idle) {
      const found = open.get(hash)
      if (found === undefined || now >= found.session.ends || now - found.used >= idle) return undefined
      found.used = now
      return found.session
    },
    async end(hash, entry) {
      writeDown(entry)
      open.delete(hash)
    },
    async offer(hash, link, entry) {
      writeDown(entry)
      links.set(hash, link)
    },
    async take(hash, now) {
      const link = links.get(hash)
      links.delete(hash)
      return link === undefined || link.ends <= now ? undefined : link.person
    },
  }
}
