"""Exports whose customers, sides, years or numbers stand elsewhere than in a column of every row: shapes of systems.

The headers and the order of the rows are those of the systems' reports; names, numbers and amounts are ours.
"""

# ruff: noqa: E501 - rows as the systems write them
from __future__ import annotations

from typing import NamedTuple


class Grouped(NamedTuple):
    """An export, the net of what is owed in it by currency as its own closing line says, its documents by customer
    (number or name → how many), and the codes of what is asked.
    """

    text: str
    owed: dict[str, int]
    customers: dict[str, int]
    asked: tuple[str, ...] = ()
    home: str = "USD"


LEDGERS: dict[str, Grouped] = {
    "Xero Aged Receivables Detail": Grouped(
        "Aged Receivables Detail,,,,,,,,,\nDemo Company,,,,,,,,,\nAs at 30 November 2026,,,,,,,,,\n\n"
        "Invoice Date,Due Date,Invoice Number,Invoice Reference,Current,< 1 Month,1 Month,2 Months,Older,Total\n\n"
        "Boom FM,,,,,,,,,\n"
        "25 Oct 2026,14 Nov 2026,INV-0027,P/O 9711,0.00,500.00,0.00,0.00,0.00,500.00\n"
        "26 Oct 2026,26 Oct 2026,CN-0001,,0.00,0.00,-50.00,0.00,0.00,-50.00\n"
        "Total Boom FM,,,,0.00,500.00,-50.00,0.00,0.00,450.00\n\n"
        "City Limousines,,,,,,,,,\n"
        "27 Nov 2026,10 Dec 2026,INV-0031,,250.00,0.00,0.00,0.00,0.00,250.00\n"
        "Total City Limousines,,,,250.00,0.00,0.00,0.00,0.00,250.00\n\n"
        "Total,,,,250.00,500.00,-50.00,0.00,0.00,700.00\nPercentage of total,,,,35.71%,71.43%,-7.14%,0.00%,0.00%,100.00%\n",
        {"USD": 700_00},
        {"Boom FM": 2, "City Limousines": 1},
        ("headings_taken", "currency_unsaid", "kind_unsaid"),
    ),
    "QuickBooks Desktop A/R Aging Detail": Grouped(
        ",Type,Date,Num,P. O. #,Name,Terms,Due Date,Aging,Open Balance\n"
        "Current,,,,,,,,,\n"
        ",Invoice,11/25/2026,1101,,Kern Lighting,Net 30,12/25/2026,,1200.00\n"
        ",Payment,11/26/2026,,,Kern Lighting,,,,-300.00\n"
        "Total Current,,,,,,,,,900.00\n"
        "1 - 30,,,,,,,,,\n"
        ",Invoice,10/05/2026,1077,PO-5,Cole Homes,Net 30,11/04/2026,26,450.50\n"
        "Total 1 - 30,,,,,,,,,450.50\n"
        "TOTAL,,,,,,,,,1350.50\n",
        {"USD": 1350_50},
        {"Kern Lighting": 2, "Cole Homes": 1},
        ("currency_unsaid",),
    ),
    "QuickBooks Online A/R Aging Detail": Grouped(
        "A/R Aging Detail Report,,,,,,,,\nOur Company,,,,,,,,\n\n"
        "Date,Transaction type,Num,Customer full name,Location,Due date,Amount,Open balance\n"
        "91 or more days past due,,,,,,,\n"
        "06/03/2026,Invoice,1015,Paulsen Medical,,07/03/2026,$954.75,$954.75\n"
        "Total for 91 or more days past due,,,,,,$954.75,$954.75\n"
        "Current,,,,,,,\n"
        "11/23/2026,Invoice,1021,Bird Sanctuary,,12/23/2026,$459.02,$239.00\n"
        "11/25/2026,Payment,,Bird Sanctuary,,11/25/2026,-$105.00,-$105.00\n"
        "Total for Current,,,,,,$354.02,$134.00\n"
        'TOTAL,,,,,,"$1,308.77","$1,088.75"\n',
        {"USD": 1088_75},
        {"Paulsen Medical": 1, "Bird Sanctuary": 2},
        ("currency_unsaid",),
    ),
    "Sage 50 Aged Debtors Detailed": Grouped(
        "Aged Debtors Analysis (Detailed)\nDate From: 01/01/1980\n\n"
        "A/C: ABC001,Name: ABC Ltd,,Contact: J Smith,Tel: 0123\n"
        "No,Type,Date,Ref,Details,Balance,Future,Current,Period 1,Older\n"
        "101,SI,13/11/2026,1001,Goods,90.00,0.00,90.00,0.00,0.00\n"
        "102,SC,15/11/2026,1002,Return,-60.00,0.00,-60.00,0.00,0.00\n"
        "Totals:,,,,,30.00,0.00,30.00,0.00,0.00\n"
        "A/C: BIG002,Name: Big & Co,,Contact: ,Tel: \n"
        "103,SI,16/10/2026,1003,Goods,200.00,0.00,0.00,200.00,0.00\n"
        "104,SA,17/10/2026,,On account,-20.00,0.00,0.00,-20.00,0.00\n"
        "Totals:,,,,,180.00,0.00,0.00,180.00,0.00\n"
        "Grand Totals:,,,,,210.00,0.00,30.00,180.00,0.00\n",
        {"GBP": 210_00},
        {"ABC001": 2, "BIG002": 2},
        ("headings_taken", "currency_unsaid"),
        "GBP",
    ),
    "Odoo Aged Receivable": Grouped(
        ",Invoice Date,Due Date,Currency,Account,At Date,1-30,31-60,Older,Total\n"
        "Azure Interior,,,,,100.00,50.00,0.00,0.00,150.00\n"
        "INV/2026/00011,2026-11-01,2026-11-30,USD,121000 Account Receivable,100.00,,,,100.00\n"
        "INV/2026/00009,2026-10-01,2026-10-31,USD,121000 Account Receivable,,50.00,,,50.00\n"
        "Total Azure Interior,,,,,100.00,50.00,0.00,0.00,150.00\n"
        "Deco Addict,,,,,0.00,0.00,75.25,0.00,75.25\n"
        "INV/2026/00007,2026-09-01,2026-09-30,USD,121000 Account Receivable,,,75.25,,75.25\n"
        "Total Deco Addict,,,,,0.00,0.00,75.25,0.00,75.25\n"
        "Total,,,,,100.00,50.00,75.25,0.00,225.25\n",
        {"USD": 225_25},
        {"Azure Interior": 2, "Deco Addict": 1},
        ("column_unsure", "headings_taken", "kind_unsaid"),
    ),
    "Dynamics BC Customer Ledger Entries": Grouped(
        "Posting Date,Document Type,Document No.,Customer No.,Customer Name,Description,Currency Code,Original Amount,Amount,Remaining Amount,Due Date,Open\n"
        '11/3/2026,Invoice,PS-INV103001,10000,Adatum,Order 101,,"1,000.00","1,000.00",900.00,12/3/2026,Yes\n'
        "11/4/2026,Invoice,PS-INV103002,20000,Trey Research,Order 102,EUR,500.00,500.00,500.00,12/4/2026,Yes\n"
        "11/15/2026,Payment,PAY-17,10000,Adatum,Payment,,-50.00,-50.00,-50.00,11/15/2026,Yes\n"
        "11/16/2026,Credit Memo,PS-CR104001,10000,Adatum,Return,,-25.00,-25.00,-25.00,11/16/2026,Yes\n",
        {"USD": 825_00, "EUR": 500_00},
        {"10000": 3, "20000": 1},
    ),
    "SAP FBL5N text list": Grouped(
        "21.11.2026                         Dynamic List Display                         1\n\n"
        "Customer             100017\nCompany Code         1000\n\nName                 Mueller GmbH\nCity                 Berlin\n\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|St|Assignment        |DocumentNo|Type|Doc. Date |S|Net due dt|Amount in local cur.|LCurr|Clrng doc.|Text   |\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|  |20261001          |1800000001|RV  |01.10.2026| |31.10.2026|         12.345,60  |EUR  |          |Goods  |\n"
        "|  |20261005          |1600000002|DG  |05.10.2026| |05.10.2026|            250,00- |EUR  |          |Credit |\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|* |                  |          |    |          | |          |         12.095,60  |EUR  |          |       |\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|** Account 100017    |          |    |          | |          |         12.095,60  |EUR  |          |       |\n"
        "---------------------------------------------------------------------------------------------------\n\n"
        "Customer             100018\nCompany Code         1000\n\nName                 Maier AG\nCity                 Hamburg\n\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|St|Assignment        |DocumentNo|Type|Doc. Date |S|Net due dt|Amount in local cur.|LCurr|Clrng doc.|Text   |\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|  |                  |1400000003|DZ  |10.10.2026| |10.10.2026|          1.000,00- |EUR  |          |Payment|\n"
        "|  |                  |1800000004|RV  |11.10.2026| |10.11.2026|          3.000,00  |EUR  |          |Goods  |\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|* |                  |          |    |          | |          |          2.000,00  |EUR  |          |       |\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|** Account 100018    |          |    |          | |          |          2.000,00  |EUR  |          |       |\n"
        "---------------------------------------------------------------------------------------------------\n"
        "|***                  |          |    |          | |          |         14.095,60  |EUR  |          |       |\n",
        {"EUR": 14095_60},
        {"100017": 2, "100018": 2},
        ("headings_taken",),
        "EUR",
    ),
    "S/4 Manage Customer Line Items": Grouped(
        "Company Code;Customer;Journal Entry;Journal Entry Date;Journal Entry Type;Net Due Date;Amount in Company Code Currency;Company Code Currency;Clearing Status;Item Text\n"
        "1000;100017;1800000001;01.10.2026;RV;31.10.2026;1.190,00;EUR;Open;Goods\n"
        "1000;100017;1600000002;05.10.2026;DG;05.10.2026;-119,00;EUR;Open;Return\n"
        ";;;;;;1.071,00;EUR;;\n",
        {"EUR": 1071_00},
        {"100017": 2},
        (),
        "EUR",
    ),
    "DATEV OPOS list": Grouped(
        "OPOS-Liste Debitoren;;;;;;;\nMandant 12345;;;;;;;\n"
        "Konto;Bezeichnung;Rechnungs-Nr.;Datum;Fälligkeit;Betrag Soll;Betrag Haben;Saldo\n"
        "10001;Kunde AG;RE-100;03.11.26;03.12.26;1.190,00;;1.190,00\n"
        "10001;Kunde AG;GS-5;15.11.26;;;119,00;1.071,00\n"
        "10001;Kunde AG;Summe;;;1.190,00;119,00;1.071,00\n"
        "10002;Muster GmbH;RE-101;20.11.26;20.12.26;238,00;;238,00\n"
        "10002;Muster GmbH;Summe;;;238,00;;238,00\n"
        "Gesamtsumme;;;;;1.428,00;119,00;1.309,00\n",
        {"EUR": 1309_00},
        {"10001": 2, "10002": 1},
        ("currency_unsaid", "kind_unsaid"),
        "EUR",
    ),
    "Lexware OP-Liste": Grouped(
        "Kundennr.;Name;Belegdatum;Belegnr.;Fällig am;Rechnungsbetrag;Bezahlt;Offener Betrag;Mahnstufe\n"
        "10001 - Kunde AG;;;;;;;;\n"
        ";;03.11.2026;RE-100;03.12.2026;1.190,00;190,00;1.000,00;0\n"
        ";;15.11.2026;GS-5;15.11.2026;-119,00;0,00;-119,00;0\n"
        "Zwischensumme;;;;;1.071,00;190,00;881,00;\n"
        "10002 - Muster GmbH;;;;;;;;\n"
        ";;20.11.2026;RE-101;20.12.2026;238,00;0,00;238,00;0\n"
        "Zwischensumme;;;;;238,00;0,00;238,00;\n"
        "Summe;;;;;1.309,00;190,00;1.119,00;\n",
        {"EUR": 1119_00},
        {"10001": 2, "10002": 1},
        ("headings_taken", "currency_unsaid", "kind_unsaid"),
        "EUR",
    ),
    "ERPNext Accounts Receivable with groups": Grouped(
        "Posting Date,Customer,Customer Name,Receivable Account,Voucher Type,Voucher No,Due Date,Invoiced Amount,Paid Amount,Credit Note,Outstanding Amount,Age (Days),Currency\n"
        "2026-11-01,CUST-1,Grant Plastics,Debtors - X,Sales Invoice,ACC-SINV-1,2026-11-30,1500.00,0,0,1250.50,3,INR\n"
        ",CUST-1,,,,,,1500.00,0,0,1250.50,,INR\n"
        "2026-11-02,CUST-2,West View,Debtors - X,Sales Invoice,ACC-SINV-2,2026-11-30,500.00,0,0,500.00,2,INR\n"
        ",CUST-2,,,,,,500.00,0,0,500.00,,INR\n"
        "Total,,,,,,,2000.00,0,0,1750.50,,\n",
        {"INR": 1750_50},
        {"CUST-1": 1, "CUST-2": 1},
    ),
    "Tally Bills Receivable": Grouped(
        "Our Trading Co.,,,,,\nBills Receivable,,,,,\n1-Apr-26 to 30-Nov-26,,,,,\n"
        "Date,Ref. No.,Party's Name,Pending Amount,Due on,Overdue by days\n"
        '1-Oct-26,SR/001,Digital Hub,"1,25,000.00 Dr",31-Oct-26,30\n'
        '5-Oct-26,CN/5,Digital Hub,"5,000.00 Cr",5-Oct-26,56\n'
        "9-Nov-26,SR/009,Blue Sky,500.50 Dr,9-Dec-26,\n"
        ',,,"1,20,500.50 Dr",,\n',
        {"INR": 120500_50},
        {"Digital Hub": 2, "Blue Sky": 1},
        ("currency_unsaid", "kind_unsaid"),
        "INR",
    ),
    "Zoho AR Aging Details": Grouped(
        "date,transaction_type,transaction_number,customer_name,age,amount,balance_due,status\n"
        "> 45 Days,,,,,,,\n"
        "01/09/2026,Invoice,INV-000001,Client Inc,60 days,USD 110.00,USD 90.00,Overdue\n"
        "Current,,,,,,,\n"
        "25/11/2026,Credit Note,CN-00002,Client Inc,,USD -10.00,USD -10.00,Open\n"
        ",,,,Total,USD 100.00,USD 80.00,\n",
        {"USD": 80_00},
        {"Client Inc": 2},
        ("currency_unsaid",),
    ),
    "NetSuite A/R Aging Detail": Grouped(
        "Our Inc,,,,,,,\nA/R Aging Detail,,,,,,,\nAs of November 30 2026,,,,,,,\n\n"
        "Customer,Transaction Type,Date,Document Number,P.O. No.,Due Date,Age,Open Balance\n"
        "Client Inc,,,,,,,\n"
        ',Invoice,11/30/2026,INV100,PO1,12/30/2026,0,"$1,000.00"\n'
        ",Credit Memo,11/13/2026,CM5,,,17,($200.00)\n"
        "Total - Client Inc,,,,,,,$800.00\n"
        "Other LLC,,,,,,,\n"
        ",Invoice,10/13/2026,INV90,,11/12/2026,18,$75.00\n"
        "Total - Other LLC,,,,,,,$75.00\n"
        "Total,,,,,,,$875.00\n",
        {"USD": 875_00},
        {"Client Inc": 2, "Other LLC": 1},
        ("headings_taken", "currency_unsaid"),
    ),
    "Sage Intacct Customer Aging": Grouped(
        "Customer ID,Customer name,Document type,Document number,Document date,Due date,Age,Current,1-30,31-60,Total\n"
        "C100,Acme,Invoice,IN-1,11/01/2026,12/01/2026,0,100.00,,,100.00\n"
        "C100,Acme,Adjustment,AD-1,11/13/2026,11/13/2026,0,-5.00,,,-5.00\n"
        "Total for C100,,,,,,,95.00,,,95.00\nGrand total,,,,,,,95.00,,,95.00\n",
        {"USD": 95_00},
        {"C100": 2},
        ("currency_unsaid", "kinds_unknown"),
    ),
    "FreshBooks Accounts Aging": Grouped(
        "Client Name,Invoice #,Date Issued,Due Date,Outstanding,Currency\n"
        "Acme,0000011,2026-10-01,2026-10-31,100.00,USD\nAcme,0000012,2026-11-01,2026-12-01,50.00,USD\nTotal,,,,150.00,USD\n",
        {"USD": 150_00},
        {"Acme": 2},
        ("kind_unsaid",),
    ),
    "Odoo journal items": Grouped(
        "Date,Journal Entry,Account,Partner,Reference,Label,Due Date,Debit,Credit,Balance,Currency\n"
        "2026-11-01,INV/2026/1,121000 Receivable,Azure,,INV/2026/1,2026-11-30,100.00,0.00,100.00,USD\n"
        "2026-11-05,RINV/2026/1,121000 Receivable,Azure,,RINV/2026/1,2026-11-05,0.00,40.00,-40.00,USD\n",
        {"USD": 60_00},
        {"Azure": 2},
        ("sides_taken", "kind_unsaid"),
    ),
    "用友 U8 应收明细账": Grouped(
        "应收明细账,,,,,,,,,\n客户：甲公司,,,,,,,,,\n"
        "日期,凭证号,单据类型,单据号,摘要,币种,本期应收,本期收回,余额,到期日\n"
        "2026-11-03,记-1,销售专用发票,0000000017,货款,人民币,1130.00,,1130.00,2026-12-03\n"
        "2026-11-09,记-2,收款单,0000000003,收款,人民币,,130.00,1000.00,\n"
        "2026-11-30,,,,本月合计,人民币,1130.00,130.00,1000.00,\n"
        "2026-11-30,,,,本年累计,人民币,1130.00,130.00,1000.00,\n"
        "客户：乙公司,,,,,,,,,\n"
        "2026-11-04,记-3,销售普通发票,0000000018,货款,人民币,226.00,,226.00,2026-12-04\n"
        "2026-11-30,,,,本月合计,人民币,226.00,,226.00,\n"
        "合计,,,,,,1356.00,130.00,1226.00,\n",
        {"CNY": 1226_00},
        {"甲公司": 2, "乙公司": 1},
        ("sides_taken", "headings_taken"),
        "CNY",
    ),
    "金蝶 云星空 应收款明细": Grouped(
        "客户编码,客户,单据类型,单据编号,业务日期,币别,应收金额,未核销金额,到期日\n"
        "C001,华芯,销售应收单,AR001,26/11/3,人民币,1000,1000,26/12/3\n"
        "C001,华芯,销售应收单,AR002,26/11/13,人民币,-200,-200,26/12/13\n"
        "C001,华芯,小计,,,人民币,800,800,\n"
        "C002,东莞甲,收款单,SK001,26/11/14,人民币,-50,-50,\n"
        "C002,东莞甲,小计,,,人民币,-50,-50,\n"
        ",,总计,,,,750,750,\n",
        {"CNY": 750_00},
        {"C001": 2, "C002": 1},
        (),
        "CNY",
    ),
    "金蝶 K3 往来对账单": Grouped(
        "往来对账单\n核算项目：[01.001]甲公司\n"
        "日期,业务编号,单据类型,单据号码,到期日,币别,借方金额,贷方金额,余额\n"
        "2026-11-03,Y1,销售发票,XSZP17,2026-12-03,人民币,1130,,1130\n"
        "2026-11-05,Y2,收款单,XSKD1,,人民币,,500,630\n"
        "合计,,,,,,1130,500,630\n核算项目：[01.002]乙公司\n"
        "2026-11-06,Y3,销售发票,XSZP18,2026-12-06,人民币,70,,70\n"
        "合计,,,,,,70,,70\n制表人：张三\n",
        {"CNY": 700_00},
        {"01.001": 2, "01.002": 1},
        ("sides_taken", "headings_taken"),
        "CNY",
    ),
    "管家婆 merged cells": Grouped(
        "单位编号,单位全名,单据编号,日期,单据类型,应收金额,已结金额,未结金额,到期日期\n"
        "001,甲公司,XS-0017,2026-11-03,销售单,1130.00,130.00,1000.00,2026-12-03\n"
        ",,XS-0018,2026-11-04,销售单,100.00,0.00,100.00,2026-12-04\n"
        "甲公司小计,,,,,1230.00,130.00,1100.00,\n"
        "002,乙公司,XT-0001,2026-11-05,销售退货单,-113.00,0.00,-113.00,\n"
        "合计,,,,,1117.00,130.00,987.00,\n",
        {"CNY": 987_00},
        {"001": 2, "002": 1},
        ("currency_unsaid", "customers_carried"),
        "CNY",
    ),
    "浪潮 应收款余额明细": Grouped(
        "往来单位编号,往来单位名称,单据名称,单据编号,单据日期,币种,单据金额,未核销余额,业务员\n"
        "0101,甲公司,应收单,YS001,2026年11月03日,人民币,1130.00,1000.00,王敏\n"
        "0101,甲公司,应收调整单,YS002,2026年11月04日,人民币,-10.005,-10.005,王敏\n"
        "0101,甲公司,本页小计,,,,1119.995,989.995,\n"
        "累计,,,,,,1119.995,989.995,\n",
        {"CNY": 989_99},
        {"0101": 2},
        ("decimals_rounded", "sign_doubtful"),
        "CNY",
    ),
}
