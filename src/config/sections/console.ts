import { z } from 'zod'
import { isLoopback as isLoopbackName } from '../../protocol/simple/upstream-base.ts'
import { type Listen, listenAddress, tryUpstreamBase } from '../address.ts'
import { pathBelow } from '../parts.ts'
import { flag } from './access.ts'
import { halfPair, type TlsFiles, tlsSection } from './tls.ts'

/** An origin of the console's own: its cookies are for a whole host. https:, or http: on a loopback address. */
const consoleUrl = z.codec(z.string(), z.string(), {
  decode(text, context) {
    const base = tryUpstreamBase(text)
    const wrong =
      'wrong' in base
        ? base.wrong
        : base.href === base.origin
          ? undefined
          : 'has a path: the console needs a host name, or a port, of its own'
    if (wrong === undefined && 'origin' in base) return base.origin
    context.issues.push({ code: 'custom', input: undefined, message: wrong ?? '' })
    return z.NEVER
  },
  encode: url => url,
})

/** As it stands in tokens, to the last slash. */
const issuer = z.string().check(context => {
  const base = tryUpstreamBase(context.value)
  if ('wrong' in base) context.issues.push({ code: 'custom', input: undefined, message: base.wrong })
})

const group = z.string().min(1)

/** The console, and who signs in to it. Paths resolve against `folder`. */
export function consoleSection(folder: string) {
  return z
    .strictObject({
      listen: listenAddress
        .optional()
        .describe(
          'host:port of the console, which is none of `listen`. There is a console once this, `console.public_url` or `console.oidc.issuer` is set; by itself it is at 127.0.0.1:8081',
        ),
      public_url: consoleUrl
        .optional()
        .describe(
          'where browsers find the console, without a path: `https:`, or `http:` on a loopback address. Needed where `console.listen` is beyond this machine; the issuer sends people back to `/callback` there',
        ),
      tls: tlsSection(folder, { key: 'console.tls', speaker: 'the console' }),
      oidc: z
        .strictObject({
          issuer: issuer
            .optional()
            .describe(
              'who signs people in, by OpenID Connect: as it stands in tokens, to the last slash. Without one, links of `portcullis console login` do',
            ),
          client_id: z.string().min(1).optional().describe('as what the console is registered there'),
          client_secret_file: pathBelow(folder)
            .optional()
            .describe('a file with the secret of the registration; without one it is a public client, with PKCE alone'),
          ca: pathBelow(folder)
            .optional()
            .describe(
              'PEM bundle of certificate authorities to trust besides the usual ones when the issuer is asked (default: `upstream.ca`)',
            ),
          unverified_email: flag
            .prefault(false)
            .describe(
              'whether somebody is called by an `email` of which the issuer does not say that it was verified: for an issuer at which nobody types his own. One that was not (`email_verified: false`) is nobody’s all the same',
            ),
          roles: z
            .strictObject({
              viewer: z
                .array(group)
                .optional()
                .describe(
                  'groups that may look, of the claim `groups`; where none are named, whomever the issuer signs in',
                ),
              approver: z
                .array(group)
                .prefault([])
                .describe('groups that decide requests and held changes, and may do what viewers may'),
              admin: z
                .array(group)
                .prefault([])
                .describe('groups that let go of what is remembered and see tokens, and may do what approvers may'),
            })
            .prefault({}),
        })
        .prefault({}),
      requests: z
        .strictObject({
          anonymous: flag
            .prefault(false)
            .describe(
              'whether whoever is nobody in particular may ask that a refusal be looked at, with an address that he types',
            ),
          require_holder: flag
            .prefault(false)
            .describe(
              'whether a token has to be somebody’s (`portcullis token create --for`) to ask that a refusal be looked at, and to approve or decline',
            ),
        })
        .prefault({}),
    })
    .prefault({})
}

/** The console as it is configured, in camel case. */
export interface ConsoleSettings {
  readonly listen: Listen | undefined
  readonly publicUrl: string | undefined
  /** `tls` is that of packages alone; without one of its own the console leaves it to a front */
  readonly tls: TlsFiles
  readonly oidc: {
    readonly issuer: string | undefined
    readonly clientId: string | undefined
    readonly clientSecretFile: string | undefined
    readonly ca: string | undefined
    readonly unverifiedEmail: boolean
    readonly roles: {
      readonly viewer: readonly string[] | undefined
      readonly approver: readonly string[]
      readonly admin: readonly string[]
    }
  }
  readonly requests: { readonly anonymous: boolean; readonly requireHolder: boolean }
}

const USUAL: Listen = { host: '127.0.0.1', port: 8081 }

/** Where the console listens; `undefined`: there is none. */
export function consoleListen({ listen, publicUrl, oidc }: ConsoleSettings): Listen | undefined {
  if (listen !== undefined) return listen
  return publicUrl === undefined && oidc.issuer === undefined ? undefined : USUAL
}

/** Where people find the console, without a slash at its end; `undefined` where there is none, or where nothing says at which port it is. */
export function consoleBase(settings: ConsoleSettings): string | undefined {
  const at = consoleListen(settings)
  if (settings.publicUrl !== undefined || at === undefined || at.port === 0) return settings.publicUrl
  const scheme = settings.tls.cert === undefined ? 'http' : 'https'
  return `${scheme}://${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`
}

type Given = ReadonlyMap<string, { readonly value: unknown; readonly origin: string }>

/** What only shows once everything is put together, a line each. */
export function consoleContradictions(settings: Given): readonly string[] {
  const given = (key: string) => settings.get(`console.${key}`)
  const isGiven = (key: string): boolean => {
    const value = given(key)?.value
    return Array.isArray(value) ? value.length > 0 : value !== undefined
  }
  const line = (key: string, why: string): string => `${given(key)?.origin} console.${key}: ${why}`
  const wrong: string[] = []
  const [issuer, id] = [given('oidc.issuer')?.value, given('oidc.client_id')?.value]
  if (issuer !== undefined && id === undefined)
    wrong.push(line('oidc.issuer', 'needs console.oidc.client_id, as what the console is registered there'))
  if (issuer === undefined)
    for (const key of OF_ISSUER)
      if (isGiven(key)) wrong.push(line(key, 'needs console.oidc.issuer, which signs people in'))
  wrong.push(...tlsContradictions(settings))
  const listen = given('listen')?.value as Listen | undefined
  if (listen === undefined) return wrong
  if (given('public_url')?.value === undefined && !isLoopback(listen.host))
    wrong.push(line('listen', 'is beyond this machine: needs console.public_url, where browsers find the console'))
  const packages = settings.get('listen')?.value as Listen | undefined
  if (listen.port !== 0 && listen.port === packages?.port && listen.host === packages.host)
    wrong.push(line('listen', 'is where packages are served; the console has a listener of its own'))
  return wrong
}

function tlsContradictions(settings: Given): readonly string[] {
  const cert = settings.get('console.tls.cert')
  const half = halfPair(settings, 'console.tls')
  if (cert?.value === undefined || half.length > 0) return half
  const url = settings.get('console.public_url')
  if (typeof url?.value === 'string' && url.value.startsWith('http:'))
    return [`${url.origin} console.public_url: is http:, and with console.tls the console speaks HTTPS`]
  const isSomewhere = ['listen', 'public_url', 'oidc.issuer'].some(
    key => settings.get(`console.${key}`)?.value !== undefined,
  )
  return isSomewhere ? [] : [`${cert.origin} console.tls.cert: there is no console: set console.listen`]
}

const OF_ISSUER = ['client_id', 'client_secret_file', 'ca', 'roles.viewer', 'roles.approver', 'roles.admin'].map(
  key => `oidc.${key}`,
)

function isLoopback(host: string): boolean {
  return isLoopbackName(host.includes(':') ? `[${host}]` : host)
}
