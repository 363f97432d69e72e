import type { Secret } from '../domain/base/secrets.ts'
import type { Environment } from './read-environment.ts'
import type { Config } from './schema.ts'

const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy']

/** characters; what is shorter in the path of a webhook is a word, not a secret */
const SHORTEST_IN_PATH = 16

/**
 * Everything that the configuration holds and nobody may read: credentials of upstreams, of a proxy on the way to them, of the database (a
 * user of it without a password proves nothing by its name), and addresses of webhooks.
 */
export function secretsOf(
  {
    upstream,
    sources,
    store,
    notify = [],
  }: Pick<Config, 'upstream' | 'sources'> & Partial<Pick<Config, 'store' | 'notify'>>,
  environment: Environment,
): readonly Secret[] {
  const own = Object.values(sources ?? {}).flatMap(({ auth }) => auth ?? [])
  const database = secretsOfUrl(store?.database ?? '').filter(secret => 'token' in secret || secret.password !== '')
  const proxies = PROXIES.flatMap(name => secretsOfUrl(environment[name] ?? ''))
  const hooks = notify.flatMap(({ url }) => secretsOfHook(new URL(url)))
  return [...Object.values(upstream.auth), ...own, ...database, ...proxies, ...hooks]
}

function secretsOfUrl(text: string): readonly Secret[] {
  const url = URL.parse(text)
  if (url === null || (url.username === '' && url.password === '')) return []
  const { username, password } = url
  return [
    { username: decoded(username), password: decoded(password) },
    { username, password },
  ]
}

/** Whoever knows the path of such a hook, or its query, may write there. */
function secretsOfHook({ pathname, searchParams }: URL): readonly Secret[] {
  const parts = [...pathname.split('/'), ...searchParams.values()]
  return parts.filter(part => part.length >= SHORTEST_IN_PATH).map(token => ({ token }))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
