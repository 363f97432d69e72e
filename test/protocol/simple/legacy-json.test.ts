import t from 'tap'
import { withoutIndexLinks } from '../../../src/protocol/simple/index-links.ts'

t.test('nothing leads to the index, and everything else stays', async t => {
  const cleaned = withoutIndexLinks(
    {
      package_url: 'https://pypi.org/project/demo/',
      home_page: 'https://acme.example/demo',
      description: 'see https://pypi.org/p/demo or https://acme.example',
      project_urls: { Source: 'https://git.example/demo', Index: 'https://mirror.example:8443/demo' },
      name: 'pypi.org',
      badges: ['https://img.example/x', 'https://pypi.org/badge'],
    },
    ['https://mirror.example:8443'],
  )
  t.strictSame(cleaned, {
    package_url: null,
    home_page: 'https://acme.example/demo',
    description: 'see  or https://acme.example',
    project_urls: { Source: 'https://git.example/demo' },
    name: 'pypi.org',
    badges: ['https://img.example/x'],
  })
})
