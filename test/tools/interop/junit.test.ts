import { describe, expect, it } from 'vitest';
import { readJunit } from '../../../tools/interop/suites/junit.js';

describe('the results of a foreign test suite', () => {
  it('are read from pytest’s report, with failures and errors of fixtures, without skipped tests', () => {
    const xml = `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
<testcase classname="certbot_tests.test_main" name="test_http_01" time="1.2" /><testcase classname="c" name="test_curve[secp256r1-SECP256R1]" time="0.1"><failure message="assert 1 == 2 &lt;x&gt;">E  assert &quot;a&quot; &lt; &#98;
certbot_tests/test_main.py:3: AssertionError</failure><system-out>--&gt; said</system-out></testcase>
<testcase classname="c" name="test_ip" time="0"><error message="failed on setup">no port</error></testcase>
<testcase classname="c" name="test_mac" time="0"><skipped type="pytest.skip" message="no macOS">x</skipped></testcase></testsuite></testsuites>`;
    expect(readJunit(xml)).toEqual([
      { test: 'test_http_01', passed: true, said: '' },
      {
        test: 'test_curve[secp256r1-SECP256R1]',
        passed: false,
        said: 'E  assert "a" < b\ncertbot_tests/test_main.py:3: AssertionError',
      },
      { test: 'test_ip', passed: false, said: 'no port' },
    ]);
  });

  it('are read from Maven’s report, whose texts are CDATA', () => {
    const xml = `<testsuite name="org.shredzone.acme4j.it.pebble.OrderIT" tests="2" failures="1">
  <properties><property name="a" value="b"/></properties>
  <testcase name="testDomainKeyRevocation" classname="OrderIT" time="2.0"/>
  <testcase name="testHttpValidation(String)[1]" classname="OrderIT" time="2.0">
    <failure type="java.lang.AssertionError"><![CDATA[expected: <a> & "b"]]></failure>
    <system-err><![CDATA[<testcase]]></system-err>
  </testcase>
</testsuite>`;
    expect(readJunit(xml)).toEqual([
      { test: 'testDomainKeyRevocation', passed: true, said: '' },
      { test: 'testHttpValidation(String)[1]', passed: false, said: 'expected: <a> & "b"' },
    ]);
  });
});
