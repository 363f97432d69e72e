import t from 'tap'
import type { UpstreamAgentOptions } from '../../src/upstream/agent.ts'
import { serve } from '../world/network/loopback.ts'
import { agentFor, NOBODY_LEAVES } from './one-answer.ts'

t.test('an agent that cannot be right is not made', async t => {
  const with_ = (more: Partial<UpstreamAgentOptions>) => () => agentFor(t, ['https://pypi.example'], more)
  const wrong: readonly Partial<UpstreamAgentOptions>[] = [
    { upstreams: ['http://pypi.example'] },
    { files: ['http://files.example'] },
    { ca: '' },
    { ca: 'not PEM' },
    { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
    { auth: { 'pypi.example': { token: 'x' } } },
    { auth: { 'http://pypi.example': { token: 'x' } } },
    { auth: { 'https://pypi.example': { token: 'secret\r\nx: y' } } },
    { environment: { HTTPS_PROXY: 'http://user:secret@bad host' } },
    { environment: { https_proxy: 'socks5://user:secret@127.0.0.1' } },
  ]
  for (const more of wrong) {
    t.throws(with_(more), { code: 'config-invalid' })
    try {
      with_(more)()
    } catch (error) {
      t.notMatch(`${String(error)} ${JSON.stringify(error)}`, 'secret')
    }
  }
  t.doesNotThrow(with_({ environment: { HTTPS_PROXY: '', NO_PROXY: '*' } }))
})

t.test('an agent speaks to its origins alone', async t => {
  const other = await serve(t, (_, response) => void response.end())
  const agent = agentFor(t, ['https://pypi.example'])
  const hop = { who: 'the index', what: 'page', method: 'GET', headers: {}, signal: NOBODY_LEAVES } as const
  for (const url of [other.origin, 'http://pypi.example', 'https://pypi.example:8443', 'https://u:p@pypi.example'])
    await t.rejects(agent.send({ ...hop, url: new URL(url) }), { code: 'unknown-bug' }, url)
  t.equal(other.requests.length, 0)
})
