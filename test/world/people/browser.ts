import { type IncomingMessage, request as send } from 'node:http'
import { request as sendSecurely } from 'node:https'
import type { Test } from 'tap'

/** What came for one request. */
export interface Came {
  readonly url: URL
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** follow redirects; default: so */
  readonly follow?: boolean
}

/** Somebody's browser without its scripts: cookies for hosts whatever their port, forms with their Origin, redirects. */
export interface Browser {
  /** by host, then by name */
  readonly cookies: Map<string, Map<string, string>>
  readonly get: (url: string | URL, sent?: Sent) => Promise<Came>
  /** A form of a page that it looks at: `csrf` and whatever else is hidden in it, and `fields`. */
  submit(page: Came, action: string, fields?: Readonly<Record<string, string>>): Promise<Came>
  post(url: string | URL, fields: Readonly<Record<string, string>>, sent?: Sent): Promise<Came>
}

const MOST_REDIRECTS = 10

/** `ca`: PEM of whom it trusts where a URL is `https:`. */
export function createBrowser(_t: Test, { ca }: { readonly ca?: string } = {}): Browser {
  const cookies: Browser['cookies'] = new Map()

  function cookieOf({ hostname }: URL): Readonly<Record<string, string>> {
    const own = [...(cookies.get(hostname) ?? [])].map(([name, value]) => `${name}=${value}`)
    return own.length === 0 ? {} : { cookie: own.join('; ') }
  }

  function keep({ hostname }: URL, lines: readonly string[]): void {
    const own = cookies.get(hostname) ?? new Map<string, string>()
    cookies.set(hostname, own)
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
      const isGone = value === '' || attributes.some(text => /^\s*max-age=0\s*$/i.test(text))
      if (isGone) own.delete(name)
      else own.set(name, value)
    }
  }

  function once(url: URL, { method = 'GET', headers = {}, body }: Sent): Promise<Came> {
    return new Promise((resolve, reject) => {
      const asked = { accept: 'text/html', ...cookieOf(url), ...headers }
      const options = {
        method,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path: `${url.pathname}${url.search}`,
        headers: body === undefined ? asked : { 'content-length': `${Buffer.byteLength(body)}`, ...asked },
        agent: false,
      } as const
      const came = (response: IncomingMessage): void => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () => {
          keep(url, response.headers['set-cookie'] ?? [])
          const { statusCode: status = 0, headers } = response
          resolve({ url, status, headers, text: Buffer.concat(pieces).toString() })
        })
      }
      const request = url.protocol === 'https:' ? sendSecurely({ ...options, ca }, came) : send(options, came)
      request.on('error', reject)
      request.end(body)
    })
  }

  async function ask(text: string | URL, sent: Sent = {}): Promise<Came> {
    let came = await once(new URL(text), sent)
    for (let hops = 0; sent.follow !== false && hops < MOST_REDIRECTS; hops += 1) {
      const { location } = came.headers
      if (came.status < 300 || came.status > 399 || typeof location !== 'string') break
      came = await once(new URL(location, came.url), {})
    }
    return came
  }

  async function post(url: string | URL, fields: Readonly<Record<string, string>>, sent: Sent = {}): Promise<Came> {
    const { origin } = new URL(url)
    const headers = { origin, 'content-type': 'application/x-www-form-urlencoded', ...sent.headers }
    return await ask(url, { ...sent, method: 'POST', headers, body: new URLSearchParams(fields).toString() })
  }

  return {
    cookies,
    get: ask,
    post,
    async submit(page, action, fields = {}) {
      const form = page.text.split('<form').find(part => part.includes(`action="${action}"`))
      if (form === undefined) throw new TypeError(`there is no form for ${action} on ${page.url.href}`)
      const body = form.slice(0, form.indexOf('</form>'))
      const hidden = [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
      const all = { ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])), ...fields }
      return await post(new URL(action, page.url), all)
    },
  }
}
