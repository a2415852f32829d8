/* SPDX-License-Identifier: Apache-2.0 */
/* Text as XML and HTML want it. */
#ifndef TARE_SRC_REPORT_XML_H
#define TARE_SRC_REPORT_XML_H

#include "base/text.h"

/* Appends string (NULL: nothing) with & < > " ' escaped, fit for content and attributes. What XML
 * cannot hold (control characters, bytes that are not UTF-8) becomes U+FFFD. */
void tare_xml_add(tare_text *text, const char *string);

#endif
