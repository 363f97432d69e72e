import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import type { Test } from 'tap'
import { serve } from '../network/loopback.ts'

/** Somebody with an account. */
export interface Account {
  readonly email?: string
  readonly email_verified?: boolean
  readonly name?: string
  readonly groups?: readonly string[]
}

export interface WorldProvider {
  /** as it stands in tokens */
  readonly url: string
  /** who has an account, by `sub` */
  readonly accounts: Map<string, Account>
  /** who signs in, whoever comes: there is no form for a password */
  signsIn: string
  /** of the console's part of a configuration */
  readonly oidc: { readonly issuer: string; readonly client_id: string }
  /** what `console.oidc.client_secret_file` holds */
  readonly secret: string
}

export interface ProviderOptions {
  /** where the claims stand; default: in the ID token */
  readonly claimsIn?: 'id-token' | 'userinfo'
  /** how the console has to prove itself; default: `client_secret_basic` */
  readonly method?: 'client_secret_basic' | 'client_secret_post' | 'none'
}

const CLIENT = 'portcullis'
const SECRET = 'a secret of the console, for tests'

let key: Promise<JWK> | undefined
/** Made once: it takes longer than all else. */
function keyOfTests(): Promise<JWK> {
  key ??= generateKeyPair('RS256', { extractable: true }).then(async ({ privateKey }) => {
    return { ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  })
  return key
}

/** A real OpenID provider on a loopback port, with keys of its own, and people who have accounts there. */
export async function startProvider(t: Test, options: ProviderOptions = {}): Promise<WorldProvider> {
  const { claimsIn = 'id-token', method = 'client_secret_basic' } = options
  const key = await keyOfTests()
  let provider: Provider | undefined
  const told = { signsIn: 'ada' }
  const accounts = new Map<string, Account>()
  const { origin } = await serve(t, (request, response) => {
    if (provider === undefined) throw new TypeError('asked before it was there')
    if (request.url?.startsWith('/interaction/') !== true) return void provider.callback()(request, response)
    const using = provider
    void using
      .interactionDetails(request, response)
      .then(() => using.interactionFinished(request, response, { login: { accountId: told.signsIn }, consent: {} }))
      .catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  const configuration: Configuration = {
    clients: [
      {
        client_id: CLIENT,
        ...(method === 'none' ? {} : { client_secret: SECRET }),
        token_endpoint_auth_method: method,
        // a port of loopback is no part of it (RFC 8252, 7.3)
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['a key for cookies of tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    conformIdTokenClaims: claimsIn === 'userinfo',
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => {
      const account = accounts.get(sub)
      if (account === undefined) return undefined
      return { accountId: sub, claims: async () => ({ sub, ...account, groups: [...(account.groups ?? [])] }) }
    },
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        accountId: oidc.session?.accountId ?? '',
        clientId: oidc.client?.clientId ?? '',
      })
      grant.addOIDCScope('openid email profile groups')
      await grant.save()
      return grant
    },
  }
  provider = new Provider(origin, configuration)
  return {
    url: origin,
    accounts,
    get signsIn() {
      return told.signsIn
    },
    set signsIn(sub) {
      told.signsIn = sub
    },
    oidc: { issuer: origin, client_id: CLIENT },
    secret: SECRET,
  }
}
