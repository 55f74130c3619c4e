import { escapeHtml as escaped } from '../../lib/html.js';

/** The parts of the document that the page shows. */
interface Shown {
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  summary: string;
  tags: string[];
  parameters: { name: string; in: string; required: boolean; description?: string; schema: unknown }[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

/**
 * The OpenAPI document for people: one HTML page without scripts, style sheets or images from elsewhere, so
 * that it works in a network without internet.
 */
export function openApiPage(document: object): string {
  const { info, servers, paths } = document as Shown;
  const base = servers[0]?.url ?? '';
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => section(base + path, method, operation)),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(info.title)} REST</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(info.title)} ${escaped(info.version)}: REST</h1>
<p>${escaped(info.description)} For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${operations.join('\n')}
</body>
</html>
`;
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
details{border:1px solid #d0d7de;border-radius:6px;margin:.5rem 0;padding:.5rem .75rem}
summary{cursor:pointer}code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f6f8fa;padding:.75rem;overflow:auto}
.method{display:inline-block;min-width:4.5rem;font-weight:600}.who{color:#57606a;float:right}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .5rem;border-top:1px solid #d0d7de}`;

function section(path: string, method: string, { summary, tags, ...operation }: Operation): string {
  const body = operation.requestBody?.content['application/json']?.schema;
  return `<details>
<summary><span class="method">${escaped(method.toUpperCase())}</span> <code>${escaped(path)}</code> <span class="who">${escaped(tags.join(', '))}</span></summary>
<p>${escaped(summary)}</p>
${operation.parameters.length > 0 ? parameterTable(operation.parameters) : ''}
${body === undefined ? '' : `<p>Body</p>${schemaBlock(body)}`}
${Object.entries(operation.responses).map(responseBlock).join('\n')}
</details>`;
}

function parameterTable(parameters: Operation['parameters']): string {
  const rows = parameters.map(
    ({ name, in: place, required, description, schema }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${escaped(place)}${required ? '' : ', optional'}</td><td>${escaped(description ?? '')}</td><td><code>${escaped(JSON.stringify(schema))}</code></td></tr>`,
  );
  return `<table><tr><th>Parameter</th><th>Where</th><th>What</th><th>Schema</th></tr>${rows.join('')}</table>`;
}

function responseBlock([status, { description, content = {} }]: [
  string,
  Operation['responses'][string],
]): string {
  const types = Object.keys(content).join(', ');
  const data = content['application/json']?.schema;
  const head = `<p>${escaped(status)}: ${escaped(description)} <code>${escaped(types)}</code></p>`;
  return status.startsWith('2') ? head + schemaBlock(data) : head;
}

const schemaBlock = (schema: unknown) => `<pre>${escaped(JSON.stringify(schema, null, 2))}</pre>`;
