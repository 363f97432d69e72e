import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import { consoleListen } from '../../config/sections/console.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { Secrets } from '../../domain/base/secrets.ts'
import type { ConsoleRoute } from '../../http/console/router.ts'
import type { Events } from '../../observe/events.ts'
import type { AuditLog, AuditRecords } from '../../ports/console/audit-log.ts'
import type { SignInIssuer } from '../../ports/console/issuer.ts'
import type { Ledger } from '../../ports/console/ledger.ts'
import type { Sessions } from '../../ports/console/sessions.ts'
import { openTls } from '../tls.ts'
import { readCa } from '../upstream.ts'
import { readClientSecret } from './client-secret.ts'
import type { OpenApi } from './open-api.ts'
import type { PageParts } from './page-data.ts'
import type { OpenRequests } from './requests.ts'

/** What a gate has that its console shows and does. */
export interface ConsoleParts {
  readonly sessions: Sessions
  readonly audit: AuditLog & AuditRecords
  readonly asking: Pick<OpenRequests, 'decisions' | 'looks'>
  readonly pages: Omit<PageParts, 'audit' | 'clock' | 'ledger' | 'looks'>
  readonly events: Events
  readonly clock: Clock
  /** the same text without any secret of the configuration */
  readonly clean: (text: string) => string
  readonly environment: Environment
  /** Opened once it is known that there is a console. */
  openApi(ledger: Ledger): Promise<OpenApi>
}

export interface OpenConsole {
  /** `http://host:port` as bound, or `https:` */
  readonly url: string
  /** everything that it answers */
  readonly routes: readonly ConsoleRoute[]
  /** Reads its certificate again. */
  reload(): void
  close(): Promise<void>
}

/** The console, if the configuration has one; all of it is loaded only then. No issuer is asked before somebody signs in. Throws `config-invalid`. */
export async function openConsole(config: Config, parts: ConsoleParts): Promise<OpenConsole | undefined> {
  const at = consoleListen(config.console)
  if (at === undefined) return undefined
  const { sessions, audit, events, clock, clean } = parts
  const { publicUrl, oidc } = config.console
  const secret = readClientSecret(config.console)
  const own = new Secrets(secret === undefined ? [] : [{ token: secret }])
  const issuer = await openIssuer(config, secret, parts)
  const [{ createConsole }, { addPages }, { openPageData }, { openLedger }, { addRequestPages }] = await Promise.all([
    import('../../http/console/console.ts'),
    import('../../http/console/pages/add-pages.ts'),
    import('./page-data.ts'),
    import('./open-ledger.ts'),
    import('../../http/console/requests/requests.ts'),
  ])
  const ledger = openLedger(config)
  const api = await parts.openApi(ledger)
  const tls = openTls(config.console.tls, { events, setting: 'console.tls' })
  const opened = createConsole({
    publicUrl,
    issuer,
    roles: oidc.roles,
    sessions,
    auditLog: audit,
    identify: api.identify,
    trustProxy: config.trustProxy,
    events,
    clock,
    tls,
    clean: text => own.clean(clean(text)),
  })
  const pages = openPageData(config, { ...parts.pages, ledger, audit, looks: parts.asking.looks, clock })
  async function close(): Promise<void> {
    tls?.close()
    await opened.close()
    await pages.close()
    await ledger.close()
    await issuer?.close()
  }
  try {
    addPages(opened.router, pages.data)
    addRequestPages(opened.router, parts.asking)
    api.addTo(opened.router)
    return { url: await opened.listen(at), routes: opened.routes(), reload: () => tls?.reload(), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A gate that is offline asks nobody: people sign in with links there. */
async function openIssuer(
  config: Config,
  clientSecret: string | undefined,
  { environment, events }: ConsoleParts,
): Promise<SignInIssuer | undefined> {
  const { issuer, clientId, ca, unverifiedEmail } = config.console.oidc
  if (issuer === undefined || clientId === undefined || config.offline) return undefined
  const { createSignInIssuer } = await import('../../upstream/oidc/sign-in-issuer.ts')
  return createSignInIssuer({
    issuer,
    clientId,
    clientSecret,
    unverifiedEmail,
    ca: ca === undefined ? readCa(config.upstream.ca) : readCa(ca, 'console.oidc.ca'),
    environment,
    events,
  })
}
