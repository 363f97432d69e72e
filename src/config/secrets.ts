import type { Secret } from '../domain/base/secrets.ts'
import type { Environment } from './read-environment.ts'
import type { Config } from './schema.ts'

const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy']

/** Everything that the configuration holds and nobody may read: credentials of upstreams, and of a proxy on the way to them. */
export function secretsOf({ upstream }: Pick<Config, 'upstream'>, environment: Environment): readonly Secret[] {
  return [...Object.values(upstream.auth), ...PROXIES.flatMap(name => secretsOfUrl(environment[name] ?? ''))]
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

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
