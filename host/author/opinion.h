/* SPDX-License-Identifier: Apache-2.0 */
/* What an inspection has found, as a page for people or as a JSON document. */
#ifndef HOST_OPINION_H
#define HOST_OPINION_H

#include "plugin/examination.h"

/* Print to stdout. False: that failed, which has been told. */
bool opinion_print(const struct examination *examinations, size_t count, bool as_json);

#endif
