// guards: src/protocol/webhooks/cloud-event.ts src/protocol/webhooks/slack-message.ts src/protocol/webhooks/teams-message.ts src/protocol/webhooks/plain-text.ts
import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { messageOf, type Template } from '../../../src/protocol/webhooks/message.ts'
import type { Told } from '../../../src/protocol/webhooks/told.ts'

function told(changes: Partial<Told> = {}): Told {
  return {
    id: 'msg_1',
    type: 'refused',
    source: 'https://pypi.acme.example',
    at: instant(Date.UTC(2027, 0, 2)),
    subject: 'demo',
    title: 'demo was refused: no attestation',
    text: 'demo-1.0-py3-none-any.whl: unattested',
    url: 'https://pypi.acme.example/x/abc',
    data: { project: 'demo', sha256: null, count: 3 },
    ...changes,
  }
}

function bodyOf(template: Template, changes: Partial<Told> = {}) {
  return JSON.parse(messageOf(told(changes), template).body)
}

t.test('the standard body is a CloudEvent in structured mode', async t => {
  t.equal(messageOf(told(), 'standard').contentType, 'application/cloudevents+json')
  t.strictSame(bodyOf('standard'), {
    specversion: '1.0',
    id: 'msg_1',
    source: 'https://pypi.acme.example',
    type: 'portcullis.refused',
    subject: 'demo',
    time: '2027-01-02T00:00:00.000Z',
    datacontenttype: 'application/json',
    data: {
      title: 'demo was refused: no attestation',
      text: 'demo-1.0-py3-none-any.whl: unattested',
      url: 'https://pypi.acme.example/x/abc',
      project: 'demo',
      sha256: null,
      count: 3,
    },
  })
  t.notOk('subject' in bodyOf('standard', { subject: '' }), 'an empty attribute is none')
})

t.test('the same is told in the same bytes', async t => {
  for (const template of ['standard', 'slack', 'teams'] as const)
    t.equal(messageOf(told(), template).body, messageOf(told(), template).body)
})

t.test('nothing from outside mentions anybody or links anywhere in Slack', async t => {
  const evil = '<!channel> <@U1> <https://evil.example|PyPI> a & b'
  const body = bodyOf('slack', { title: evil, text: evil, subject: evil })
  const texts = [body.text, ...body.blocks.flatMap((block: { text?: { text: string } }) => block.text?.text ?? [])]
  t.equal(texts.length, 3)
  for (const text of texts) {
    const own = text.replace('<https://pypi.acme.example/x/abc|More>', '')
    t.notMatch(own, /[<>]/)
    t.match(own, '&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|PyPI&gt; a &amp; b')
  }
  t.ok(body.blocks.every((block: { text?: { verbatim: boolean } }) => block.text?.verbatim ?? true))
  t.match(body.blocks[1].text.text, /<https:\/\/pypi\.acme\.example\/x\/abc\|More>$/)
})

t.test('an address cannot leave its link', async t => {
  const { blocks } = bodyOf('slack', { url: 'https://pypi.acme.example/x/a|b>c<d' })
  t.match(blocks[1].text.text, /<https:\/\/pypi\.acme\.example\/x\/a%7Cb%3Ec%3Cd\|More>$/)
})

t.test('Markdown from outside does nothing in a card', async t => {
  const evil = '[PyPI](https://evil.example) **b** _i_ ![x](y) <at>all</at> {{DATE(2027)}} `c`\n- item\n1. one\n# head'
  const [attachment] = bodyOf('teams', { title: evil, text: evil }).attachments
  t.equal(attachment.contentType, 'application/vnd.microsoft.card.adaptive')
  const [title, text] = attachment.content.body
  t.match(
    text.text,
    '\\[PyPI\\]\\(https://evil.example\\) \\*\\*b\\*\\* \\_i\\_ \\!\\[x\\]\\(y\\) &lt;at&gt;all&lt;/at&gt;',
  )
  for (const line of text.text.split('\n')) t.notMatch(line, /^(?:- |\d+\. |# )/)
  t.notMatch(title.text, /[^\\][[\]()*_`{}]/)
  t.match(attachment.content.actions, [{ type: 'Action.OpenUrl', url: 'https://pypi.acme.example/x/abc' }])
  t.notOk('actions' in bodyOf('teams', { url: undefined }).attachments[0].content)
})

t.test('controls and what turns the direction of writing are gone, and nothing is too long', async t => {
  const long = `\u202egnp.exe\u0000\u001b[2J${'<&>'.repeat(20_000)}\ud800`
  for (const template of ['standard', 'slack', 'teams'] as const) {
    const { body } = messageOf(told({ title: long, text: long, subject: long, data: { long } }), template)
    t.notMatch(body, /\\u202e|\u202e|\\u0000|\\u001b|\\ud800/, template)
    t.ok(body.length < 40_000, `${template}: ${body.length}`)
  }
  const { blocks } = bodyOf('slack', { text: '<'.repeat(2_000) })
  t.ok(blocks.every((block: { text?: { text: string } }) => (block.text?.text.length ?? 0) <= 3_000))
  t.match(blocks[1].text.text, /(?:&lt;)+…\n<https:[^<>]*\|More>$/, 'cut between two entities, and the link stays')
})
