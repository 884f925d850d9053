import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { polityRequests } from '../../lib/scenarios.mjs'
import { debianPeer } from '../install.mjs'

const packages = ['python3-django', 'python3-djangorestframework', 'gunicorn', 'python3-psycopg2']

export const drf = {
  name: 'drf',
  about: 'Django REST framework with gunicorn, from Debian’s packages',
  ...debianPeer(packages, ['/usr/bin/python3', '-c', 'import django, rest_framework, gunicorn, psycopg2']),
  requests: polityRequests,
  command: (url, port) => ({
    command: '/usr/bin/python3',
    args: ['-m', 'gunicorn', 'wsgi', '--bind', `127.0.0.1:${port}`].concat(
      // Its documentation asks for two workers a core and one; threads keep connections open between requests.
      ['--workers', String(2 * cpus().length + 1), '--worker-class', 'gthread', '--threads', '2', '--keep-alive', '30'],
    ),
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { DATABASE_URL: url, PYTHONDONTWRITEBYTECODE: '1' },
    path: '/api/organizations/',
  }),
}
